/** The replay gate: what runs today must be able to go on with what was recorded before. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils';
import { DefaultLogger, Runtime, Worker, type ReplayResult } from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';
import { PROJECT_ROOT } from '../../core/project-root';
import { ALL_TASK_QUEUES } from '../../core/task-queues';
import type { Config } from '../../workers/config';
import { activitiesOf } from '../../workers/activities';
import type { Dependencies } from '../../workers/dependencies';
import * as workflows from '../../workflows';
import { HISTORY_CASES } from '../support/history-cases';
import { NEUTRAL_IDENTITIES, parseHistory, textsOf, tracesOf } from '../support/neutral-history';
import { testBundle } from '../support/workflow-bundle';

const HISTORIES = join(__dirname, 'histories');
const CHECK = join(PROJECT_ROOT, 'scripts', 'check-histories.mjs');
const MAXIMUM_EVENTS = 2_000;

const files = readdirSync(HISTORIES, { recursive: true })
  .map(String)
  .filter((file) => file.endsWith('.json'))
  .sort();

const read = (file: string) => readFileSync(join(HISTORIES, file), 'utf8');
const historyOf = (file: string) => historyFromJSON(JSON.parse(read(file)));
const eventsOf = (file: string) => historyOf(file).events ?? [];

async function replayAll(code: string, replayed: readonly string[]): Promise<ReplayResult[]> {
  const histories = replayed.map((file) => ({ workflowId: file, history: historyOf(file) }));
  const results: ReplayResult[] = [];
  const options = { workflowBundle: { code }, replayName: 'replay' };
  for await (const result of Worker.runReplayHistories(options, histories)) results.push(result);
  return results;
}

let code: string;

beforeAll(async () => {
  Runtime.install({
    // A violation is expected here, and an unexpected one is thrown.
    logger: new DefaultLogger('ERROR', () => undefined),
    telemetryOptions: { logging: { filter: { core: 'ERROR', other: 'ERROR' }, forward: {} } },
  });
  code = readFileSync(await testBundle(), 'utf8');
}, 120_000);

test('finds a history of every workflow, and of no other', () => {
  expect(files.length).toBeGreaterThan(0);
  const recorded = new Set(files.map((file) => dirname(file)));
  expect([...recorded].sort()).toEqual(Object.keys(workflows).sort());
});

test('finds a history of every case that can be recorded', () => {
  const cases = files.map((file) => file.replace(/\.\d+\.\d+\.\d+\.json$/, ''));
  const known = HISTORY_CASES.map(({ workflow, name }) => join(workflow, name));
  expect(known.filter((each) => !cases.includes(each))).toEqual([]);
});

test('replays every history', async () => {
  const results = await replayAll(code, files);
  const broken = results.filter(({ error }) => error !== undefined);
  expect(broken.map(({ workflowId, error }) => `${workflowId}: ${error?.message}`)).toEqual([]);
  expect(results).toHaveLength(files.length);
}, 60_000);

test('finds a workflow out that was changed under its open runs', async () => {
  const changed = code.replaceAll('takeLease', 'seizeLease');
  expect(changed).not.toBe(code);
  const retrains = files.filter((file) => file.startsWith('retrain'));
  const results = await replayAll(changed, retrains);
  expect(retrains.length).toBeGreaterThan(0);
  expect(results).toHaveLength(retrains.length);
  for (const { error } of results) expect(error).toBeInstanceOf(DeterminismViolationError);
}, 60_000);

test.each(files)('%s tells nothing of the machine that recorded it', (file) => {
  const history = parseHistory(read(file));
  // Where the library writes process ids, host names and queues named after them.
  const names = (pattern: RegExp) => [...read(file).matchAll(pattern)].map(([, name]) => name);
  const identities = names(/"identity": "([^"]*)"/g);
  expect(identities.filter((name) => !NEUTRAL_IDENTITIES.has(name ?? ''))).toEqual([]);
  const sticky = names(/"name": "([^"]*)",\s*"kind": "TASK_QUEUE_KIND_STICKY"/g);
  expect(sticky.filter((name) => !/^worker-[0-9a-f]{32}$/.test(name ?? ''))).toEqual([]);

  expect(tracesOf(textsOf(history))).toEqual([]);
});

test('would find a path, an identity, an address and a stack trace', () => {
  const traces = [
    'in /home/ann/watchlake',
    '4711@laptop',
    '10.0.0.7:7233',
    '    at run (a.js:1:2)',
  ];
  for (const text of traces) expect(tracesOf([text])).toHaveLength(1);
  const payload = Buffer.from('"/root/sample.zip"').toString('base64');
  expect(tracesOf(textsOf({ input: { data: payload } }))).toHaveLength(1);
});

test.each(files)('%s stays far from the limit of a history', (file) => {
  expect(eventsOf(file).length).toBeLessThan(MAXIMUM_EVENTS);
});

test('serves every activity that was ever scheduled on its queue', () => {
  const config = { WATCHLAKE_HOME: '' } as Config;
  const served = ALL_TASK_QUEUES.flatMap((queue) =>
    Object.keys(activitiesOf(queue, { config } as Dependencies)).map((name) => `${queue}/${name}`),
  );
  const scheduled = files.flatMap(eventsOf).flatMap((event) => {
    const { activityType, taskQueue } = event.activityTaskScheduledEventAttributes ?? {};
    return activityType ? [`${taskQueue?.name}/${activityType.name}`] : [];
  });
  expect(scheduled.length).toBeGreaterThan(0);
  expect([...new Set(scheduled)].filter((each) => !served.includes(each))).toEqual([]);
});

describe('an append-only folder', () => {
  const check = (folder: string) =>
    spawnSync(process.execPath, [CHECK, folder], { encoding: 'utf8', env: withoutGit() });

  function inCopy(change: (folder: string) => void): { status: number | null; stderr: string } {
    const folder = mkdtempSync(join(tmpdir(), 'watchlake-histories-'));
    try {
      cpSync(HISTORIES, folder, { recursive: true });
      change(folder);
      return check(folder);
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  const [file] = files as [string];

  test('passes as it is', () => {
    const { status, stderr } = check(HISTORIES);
    expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' });
  });

  test('fails when a history was edited', () => {
    const { status, stderr } = inCopy((folder) =>
      writeFileSync(join(folder, file), read(file).replace('"worker"', '"another"')),
    );
    expect(status).toBe(1);
    expect(stderr).toContain(`${file} was edited`);
  });

  test('fails when a history was removed', () => {
    const { status, stderr } = inCopy((folder) => rmSync(join(folder, file)));
    expect(status).toBe(1);
    expect(stderr).toContain(`${file} was removed`);
  });

  test('fails when a history is not listed', () => {
    const { status, stderr } = inCopy((folder) => writeFileSync(join(folder, 'new.json'), '{}'));
    expect(status).toBe(1);
    expect(stderr).toContain('new.json is not listed');
  });

  test('fails when a committed history was edited and its sum with it', () => {
    const { status, stderr } = inCopy((folder) => {
      const git = (...args: string[]) =>
        spawnSync('git', ['-c', 'user.name=x', '-c', 'user.email=x@example.org', ...args], {
          cwd: folder,
          env: withoutGit(),
        });
      git('init', '-q');
      git('add', '.');
      git('commit', '-q', '-m', 'histories');
      writeFileSync(join(folder, file), `${read(file)}\n`);
      rmSync(join(folder, 'SHA256SUMS'));
      writeFileSync(join(folder, 'SHA256SUMS'), sumsOf(folder));
    });
    expect(status).toBe(1);
    expect(stderr).toContain(`the sum of ${file} was changed`);
  });
});

/** A git hook that runs the tests names its own repository in the environment. */
const withoutGit = () =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('GIT_')));

/** What somebody would write who wants to hide an edit. */
function sumsOf(folder: string): string {
  const sum = (file: string) =>
    createHash('sha256')
      .update(readFileSync(join(folder, file)))
      .digest('hex');
  return files.map((file) => `${sum(file)}  ${file}\n`).join('');
}
