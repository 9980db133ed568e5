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
}

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
  return {
    ended: ended.finally(() => cleanUp?.()),
    kill() {
      if (child.pid === undefined) return;
      try {
        process.kill(-child.pid, 'SIGKILL');
      } catch {
        // It has ended already.
      }
    },
  };
}
