/** How a command speaks to a stream: lines, colours where a terminal shows them, and figures. */
import pc from 'picocolors';
import { bytes, count, counted, duration } from '../core/figures';

/** What is needed of stdout and stderr; tests give their own. */
export interface Target {
  write(text: string, done?: (error?: Error | null) => void): boolean;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

export type Colors = ReturnType<typeof pc.createColors>;

export interface Voice {
  readonly colors: Colors;
  /** Whether a person watches: only then lines may move. */
  readonly interactive: boolean;
  /** Columns of the terminal; null where everything is written, as into a file. */
  readonly width: number | null;
  line(text?: string): void;
}

export const createVoice = (target: Target): Voice => ({
  // picocolors knows NO_COLOR and FORCE_COLOR; what is piped into a file stays plain.
  colors: pc.createColors(pc.isColorSupported && target.isTTY === true),
  // A pseudo-terminal without a size would make a moving line wrap for ever.
  interactive: target.isTTY === true && (target.columns ?? 0) > 0,
  get width() {
    return (target.isTTY && target.columns) || null;
  },
  line: (text = '') => void target.write(`${text}\n`),
});

/** Says nothing: the results for people in JSON mode. */
export const SILENT: Voice = {
  colors: pc.createColors(false),
  interactive: false,
  width: null,
  line: () => undefined,
};

export { bytes, count, counted, duration };

export const score = (value: number | null | undefined): string =>
  value === null || value === undefined ? '–' : value.toFixed(3);

/** `2026-11-27 03:40:44 UTC`, for a time as --json has it. */
export const moment = (iso: string): string =>
  `${new Date(iso).toISOString().slice(0, 19).replace('T', ' ')} UTC`;

/** `reason 3, other 2`, or a dash when there is nothing to count. */
export function tally(counts: Readonly<Record<string, number>>): string {
  const parts = Object.entries(counts)
    .filter(([, n]) => n > 0)
    .map(([reason, n]) => `${reason} ${count(n)}`);
  return parts.length > 0 ? parts.join(', ') : '–';
}
