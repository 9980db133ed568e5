/** What a test does with a running home: commands, answers of a person, a look inside, a hard end. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { isRunning, processIdentity } from '../../stack/processes';
import { readStackRecord } from '../../stack/stack-file';
import { readState } from '../../workers/state';
import { lastLine, watchlake } from './demo-run';

export const STEP_LIMIT_MS = 240_000;

/** The answer of one command; what it said, and the worker's complaints, when it fails or hangs. */
export async function answerOf<T>(
  home: string,
  args: readonly string[],
  root?: string,
  limitMs = STEP_LIMIT_MS,
): Promise<T> {
  const { child, finished } = watchlake(home, [...args, '--json'], { root });
  const timer = setTimeout(() => child.kill('SIGKILL'), limitMs);
  const { code, stdout, stderr } = await finished;
  clearTimeout(timer);
  if (code === 0) return JSON.parse(lastLine(stdout)) as T;
  const log = await readFile(join(home, 'logs', 'worker.log'), 'utf8').catch(() => '');
  const complaints = log.split('\n').filter((line) => /"level":[456]0/.test(line));
  const said = [stderr, stdout, ...complaints.slice(-10)].join('\n');
  throw new Error(`watchlake ${args.join(' ')} ended with ${code}:\n${said}`);
}

interface Leased {
  readonly tasks: readonly { task: string; lease: string; labels: readonly string[] }[];
}

/** Answers through the page's interface, as whichever version serves it. */
export async function answerTasks(
  home: string,
  { campaign, count }: { campaign: string; count: number },
): Promise<number> {
  const url = (await readState(home))?.app.url;
  const post = async <T>(path: string, body: object): Promise<T> => {
    const headers = { 'content-type': 'application/json' };
    const sent = { annotator: 'ann', ...body };
    const reply = await fetch(`${url}${path}`, {
      method: 'POST',
      headers,
      body: JSON.stringify(sent),
    });
    if (!reply.ok) throw new Error(`${path}: ${reply.status} ${await reply.text()}`);
    return (await reply.json()) as T;
  };
  const { tasks } = await post<Leased>('/api/tasks/lease', {
    campaign,
    count,
    signal: false,
  });
  const answers = tasks.map(({ task, lease, labels }) => ({ task, lease, label: labels[0] }));
  const { accepted } = await post<{ accepted: string[] }>('/api/answers', { answers });
  return accepted.length;
}

export async function migrationsOf(home: string): Promise<string[]> {
  const client = new Client({ connectionString: (await readState(home))?.postgres.url });
  await client.connect();
  const text = 'SELECT name FROM watchlake_migrations ORDER BY name';
  const { rows } = await client.query<{ name: string }>(text);
  await client.end();
  return rows.map(({ name }) => name);
}

export const openRuns = async (home: string, root?: string) =>
  (await answerOf<{ workflows: { type: string }[] }>(home, ['status'], root)).workflows;

/** As when the machine loses its power: nobody gets to say goodbye. */
export async function killEverything(home: string): Promise<void> {
  const state = await readState(home);
  const components = (await readStackRecord(home))?.processes ?? {};
  const ours = [state?.pid, state?.worker.pid].filter((pid) => typeof pid === 'number');
  const pids = [...ours, ...Object.values(components).map(({ pid }) => pid)];
  const processes = pids.map((pid) => ({ pid, identity: processIdentity(pid) ?? '' }));
  for (const { pid } of processes) process.kill(pid, 'SIGKILL');
  while (processes.some(isRunning)) await sleep(10);
}
