/** Runs a program and watches the memory of it and of everything that it starts. */
import { spawn } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { text } from 'node:stream/consumers';

const SAMPLE_MS = 100;

export interface Measured {
  readonly seconds: number;
  /** Largest sum of resident memory that was seen; 0 where the system does not tell. */
  readonly peakBytes: number;
  /** Of all of them together, to the last look at them; 0 where the system does not tell. */
  readonly cpuSeconds: number;
  readonly output: string;
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function childrenOf(pid: number): number[] {
  try {
    const tasks = readdirSync(`/proc/${pid}/task`);
    return tasks.flatMap((task) =>
      read(`/proc/${pid}/task/${task}/children`).split(' ').filter(Boolean).map(Number),
    );
  } catch {
    return [];
  }
}

// Linux counts in hundredths of a second, whatever the machine.
const TICKS_PER_SECOND = 100;

interface Usage {
  readonly bytes: number;
  readonly ticks: number;
}

function usageOf(pid: number): Usage {
  const resident = /VmRSS:\s+(\d+) kB/.exec(read(`/proc/${pid}/status`))?.[1] ?? '0';
  // Fields are counted from behind the name, which may hold spaces: user, system time and those of ended children.
  const fields = read(`/proc/${pid}/stat`).split(') ').at(-1)?.split(' ') ?? [];
  const ticks = fields.slice(11, 15).reduce((sum, each) => sum + Number(each), 0);
  return childrenOf(pid)
    .map(usageOf)
    .reduce((sum, each) => ({ bytes: sum.bytes + each.bytes, ticks: sum.ticks + each.ticks }), {
      bytes: Number(resident) * 1024,
      ticks,
    });
}

/** Of a process and its children until now, with those that have ended; 0 where the system does not tell. */
export const cpuSecondsOf = (pid: number): number => usageOf(pid).ticks / TICKS_PER_SECOND;

/** Its standard output is returned, its standard error is ours. */
export async function measureProgram(
  program: string,
  args: readonly string[],
  environment: NodeJS.ProcessEnv = process.env,
): Promise<Measured> {
  const startedMs = performance.now();
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'], env: environment });
  let [peakBytes, ticks] = [0, 0];
  const timer = setInterval(() => {
    const usage = usageOf(child.pid ?? 0);
    peakBytes = Math.max(peakBytes, usage.bytes);
    ticks = Math.max(ticks, usage.ticks);
  }, SAMPLE_MS);
  const closed = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  try {
    const [output, code] = await Promise.all([text(child.stdout), closed]);
    if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code}`);
    const seconds = (performance.now() - startedMs) / 1000;
    return { seconds, peakBytes, cpuSeconds: ticks / TICKS_PER_SECOND, output };
  } finally {
    clearInterval(timer);
  }
}
