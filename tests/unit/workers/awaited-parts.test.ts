/** A command waits for what the supervisor of its home is starting, for a while, and for nothing else. */
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { processIdentity } from '../../../stack/processes';
import { StackFile, type ComponentName } from '../../../stack/stack-file';
import { awaitParts, type OnWait, type PartsWanted } from '../../../workers/awaited-parts';
import { loadConfig } from '../../../workers/config';
import { claimHome, supervisorLog, writeState } from '../../../workers/state';
import { UP } from '../cli/fake-surroundings';

const ADDRESSES: Record<ComponentName, Record<string, string>> = {
  temporal: { address: '127.0.0.1:7233', namespace: 'default', uiUrl: 'http://127.0.0.1:8233' },
  kafka: { brokers: '127.0.0.1:9092' },
  postgres: { port: '5432' },
};

let home: string;
let sentences: string[];
const onWait: OnWait = (sentence) => void sentences.push(sentence);

beforeEach(async () => {
  home = await realpath(await mkdtemp(join(tmpdir(), 'watchlake-awaited-')));
  sentences = [];
});
afterEach(() => rm(home, { recursive: true }));

/** This very process stands for the parts: it runs. */
async function start(...names: ComponentName[]): Promise<void> {
  const file = await StackFile.open(home);
  for (const name of names) {
    const own = { pid: process.pid, identity: processIdentity(process.pid) ?? '' };
    const known = { startedAt: '2026-01-01T00:00:00.000Z', logFile: '/log' };
    await file.set(name, { ...own, ...known, state: 'running', addresses: ADDRESSES[name] });
  }
}

const claimed = async (): Promise<() => Promise<void>> => {
  const release = await claimHome(home);
  await writeState(home, { ...UP, pid: process.pid });
  return release;
};

const wait = (changes: Partial<PartsWanted<'kafka'>> = {}, environment: NodeJS.ProcessEnv = {}) =>
  awaitParts(loadConfig({ WATCHLAKE_HOME: home, ...environment }), {
    needed: ['kafka'],
    onWait,
    ...changes,
  });

/** Whether it still waits a little later. */
const isOpen = (waiting: Promise<unknown>): Promise<boolean> =>
  Promise.race([
    waiting.then(() => false),
    new Promise<boolean>((resolve) => setTimeout(resolve, 500, true)),
  ]);

test('a part that is started again is waited for, without a word when it is quick', async () => {
  await claimed();
  await start('temporal', 'postgres');
  const waiting = wait();
  expect(await isOpen(waiting)).toBe(true);
  await start('kafka');
  expect(await waiting).toMatchObject({ kafka: { brokers: '127.0.0.1:9092' } });
  expect(sentences).toEqual([]);
});

test('one that does not come back is told once while it is waited for, and then with the log', async () => {
  await claimed();
  await start('temporal');
  await expect(wait({ welcome: ['postgres'], waitMs: 2_000 })).rejects.toMatchObject({
    code: 'STACK_NOT_READY',
    message: expect.stringMatching(
      `^Not running after 2 s: Kafka and PostgreSQL. .*process ${process.pid},.*${supervisorLog(home)}$`,
    ) as string,
  });
  expect(sentences).toEqual([
    'Waiting for Kafka and PostgreSQL, which the supervisor starts again (at most 2 s)',
  ]);
});

test('a stack that starts is waited for until its supervisor has something to show', async () => {
  await claimHome(home);
  await start('kafka');
  const waiting = wait();
  // Its database may not have its tables yet.
  expect(await isOpen(waiting)).toBe(true);
  await writeState(home, { ...UP, pid: process.pid });
  expect(await waiting).toMatchObject({ kafka: { brokers: '127.0.0.1:9092' } });
});

test('without a supervisor nothing is waited for, nor when it ends meanwhile', async () => {
  const absent = { code: 'STACK_NOT_RUNNING', message: 'Kafka is not running.' };
  await expect(wait({ waitMs: Infinity })).rejects.toMatchObject(absent);
  const release = await claimHome(home);
  const waiting = wait({ waitMs: Infinity });
  expect(await isOpen(waiting)).toBe(true);
  await release();
  await expect(waiting).rejects.toMatchObject(absent);
});

test('who runs some parts elsewhere is told the variable that names the missing one', async () => {
  const elsewhere = { TEMPORAL_ADDRESS: 'temporal.example:7233' };
  await expect(wait({}, elsewhere)).rejects.toMatchObject({
    message: 'Kafka is not running, and KAFKA_BROKERS names none elsewhere.',
  });
});

test('who cannot say that it waits does not', async () => {
  await claimed();
  await expect(wait({ onWait: undefined, waitMs: Infinity })).rejects.toMatchObject({
    code: 'STACK_NOT_RUNNING',
  });
});

test('what is configured elsewhere needs no supervisor, and what is welcome may be absent', async () => {
  const release = await claimHome(home);
  const elsewhere = { KAFKA_BROKERS: 'kafka.example:9092' };
  expect(await wait({}, elsewhere)).toMatchObject({ kafka: { brokers: 'kafka.example:9092' } });
  await release();
  const found = await wait({ welcome: ['postgres'] }, elsewhere);
  expect(found.postgres).toBeUndefined();
});
