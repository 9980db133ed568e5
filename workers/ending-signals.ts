/** Signals that ask a process of ours to end well: Ctrl-C, a service manager, and a terminal that was closed. */
export const ENDING_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
