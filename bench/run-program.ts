/** Runs a program to its end; its output goes to our standard error. */
import { spawn } from 'node:child_process';
import { WatchlakeError } from '../core/errors';

export async function runProgram(program: string, args: readonly string[]): Promise<void> {
  const child = spawn(program, args, { stdio: ['ignore', process.stderr, process.stderr] });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', (error) =>
      reject(new WatchlakeError('TOOL_MISSING', { tool: program, detail: error.message }, error)),
    );
    child.once('close', resolve);
  });
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code}`);
}
