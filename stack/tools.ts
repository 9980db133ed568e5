/** Runs a tool of the machine to its end and gives its output; one that is absent is named as such. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { WatchlakeError } from '../core/errors';

export interface ToolRun {
  readonly command: string;
  readonly args: readonly string[];
  readonly environment?: NodeJS.ProcessEnv;
  readonly timeoutMs: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly cwd?: string;
  /** Written to its standard input. */
  readonly input?: string;
  /** What of its output says why it failed; the last lines when absent. */
  readonly said?: (output: string) => string;
}

const OUTPUT_LIMIT_BYTES = 4 << 20;
const execute = promisify(execFile);

interface ToolError extends NodeJS.ErrnoException {
  readonly stderr?: string;
  readonly stdout?: string;
}

const lastLines = (output: string): string => output.trim().split('\n').slice(-4).join('\n');

/** Standard output and error together, as some tools print their version on either. */
export async function runTool(run: ToolRun): Promise<string> {
  const { command, args, environment, timeoutMs, uid, gid, cwd, said = lastLines } = run;
  const options = { env: environment, timeout: timeoutMs, uid, gid, cwd };
  try {
    const limited = { ...options, maxBuffer: OUTPUT_LIMIT_BYTES, encoding: 'utf8' } as const;
    const running = execute(command, args, limited);
    // A tool that ends without reading its input has said enough by its exit code.
    running.child.stdin?.on('error', () => undefined).end(run.input ?? '');
    const { stdout, stderr } = await running;
    return stdout + stderr;
  } catch (error) {
    const { code, stderr, stdout, message } = error as ToolError;
    if (code === 'ENOENT') throw new WatchlakeError('TOOL_MISSING', { tool: command }, error);
    throw new Error(`${command} failed: ${said(stderr || stdout || message)}`, { cause: error });
  }
}

/** Where a tool answers, its output; undefined when the machine does not have it or it fails. */
export async function tryTool(run: ToolRun): Promise<string | undefined> {
  return runTool(run).catch(() => undefined);
}
