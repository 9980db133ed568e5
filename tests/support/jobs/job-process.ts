/** A process that a step or a job run starts: what it says is kept, and it ends with all that it has started. */
import { spawn, type ChildProcess } from 'node:child_process';

export interface Program {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Called when the process has ended. */
  readonly cleanUp?: () => Promise<void>;
}

export interface JobProcess {
  /** Exit code, or the signal that ended it, and its standard error. */
  readonly ended: Promise<{ code: number | NodeJS.Signals; stderr: string }>;
  kill(): void;
  /** Lets it say a last word. */
  terminate(): void;
}

// From SIGTERM until SIGKILL.
const LAST_WORDS_MS = 10_000;
const KEPT_CHARACTERS = 1_000_000;

export function startProcess({ command, args, env, cleanUp }: Program): JobProcess {
  // A group of its own: Java and Python end together.
  const child: ChildProcess = spawn(command, args, {
    ...{ env, detached: true, stdio: ['ignore', 'ignore', 'pipe'] },
  });
  let stderr = '';
  const hear = (text: string): void => void (stderr = `${stderr}${text}`.slice(-KEPT_CHARACTERS));
  child.stderr?.on('data', (chunk: Buffer) => hear(chunk.toString()));
  const ended = new Promise<{ code: number | NodeJS.Signals; stderr: string }>((resolve) => {
    child.once('error', (error) => resolve({ code: 127, stderr: error.message }));
    child.once('close', (code, signal) => resolve({ code: signal ?? code ?? 1, stderr }));
  });
  let hasEnded = false;
  let killing: NodeJS.Timeout | undefined;
  const signal = (name: NodeJS.Signals): void => {
    if (child.pid === undefined || hasEnded) return;
    try {
      process.kill(-child.pid, name);
    } catch {
      // It has ended already.
    }
  };
  const kill = (): void => signal('SIGKILL');
  return {
    ended: ended.finally(() => {
      hasEnded = true;
      clearTimeout(killing);
      return cleanUp?.();
    }),
    kill,
    terminate() {
      signal('SIGTERM');
      if (!hasEnded) killing ??= setTimeout(kill, LAST_WORDS_MS);
    },
  };
}
