/** Spark keeps the contract of engines, ends when it is told to, and says what went wrong. */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { RunnerManifest } from '../../lakehouse/engines/spark/manifest';
import type { SparkRunner, SparkRunnerOptions } from '../../lakehouse/engines/spark/runner';
import { RUNNER } from '../../lakehouse/engines/spark/process';
import { createSparkRunner } from '../../lakehouse/engines/spark/runner';
import { runnerEnvironment, sparkProperties } from '../../lakehouse/engines/spark/settings';
import type { Lake } from '../../lakehouse/lake';
import { openLake, withEngine } from '../../lakehouse/lake';
import { sparkPython } from '../../stack/spark';
import { temporaryFolder } from '../support/recordings';
import { INSTALL_LIMIT_MS, describeSpark, testSpark } from '../support/spark';
import { engineContract } from './engine-contract';

// Spark starts in 4 s on a quiet machine, and in half a minute on a busy one.
jest.setTimeout(180_000);

const folder = temporaryFolder();

const manifest = (sql: string): RunnerManifest => ({
  formatVersion: 1,
  name: 'made',
  views: {},
  steps: [{ step: 'rows', name: 'made', sql, limit: 10 }],
});

// Long enough to be stopped in the middle.
const SLOW = `SELECT COUNT(*) AS n FROM range(100000) a CROSS JOIN range(1000000) b
  WHERE hash(a.id, b.id) = 1`;

async function untilTrue(isTrue: () => boolean): Promise<void> {
  const limitMs = Date.now() + 20_000;
  while (!isTrue()) {
    if (Date.now() > limitMs) throw new Error('it did not come true in 20 s');
    await sleep(50);
  }
}

const exists = (pid: number): boolean => existsSync(`/proc/${pid}/status`);

/** The processes that it has started, such as Java. */
const childrenOf = (pid: number): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);

describeSpark('spark', () => {
  let contractLake: Lake | undefined;
  const runners: SparkRunner[] = [];
  let shared: SparkRunner;

  async function spills(): Promise<string> {
    await mkdir(join(folder.path(), 'spills'), { recursive: true });
    return mkdtemp(join(folder.path(), 'spills', 'work-'));
  }
  const spilt = (): string[] => readdirSync(join(folder.path(), 'spills'));

  let made = 0;
  function newRunner(changes: Partial<SparkRunnerOptions> = {}): SparkRunner {
    const logFile = async () => join(folder.path(), `spark-${(made += 1)}.log`);
    const runner = createSparkRunner({ ...testSpark({ logFile }), folder: spills, ...changes });
    runners.push(runner);
    return runner;
  }

  beforeAll(async () => {
    await testSpark().python();
    shared = newRunner({ silenceMs: 20_000 });
  }, INSTALL_LIMIT_MS);
  afterAll(async () => {
    await contractLake?.close();
    for (const runner of runners) await runner.close();
  });

  engineContract('spark', async () => {
    // A name that would be a pattern, were it taken for one.
    const uri = join(folder.path(), 'a lake [1] {x} 100%');
    contractLake ??= openLake({ uri, duckdb: { memoryLimit: '256MB' }, spark: testSpark() });
    return withEngine(contractLake, 'spark');
  });

  test('one process serves everybody in turn', async () => {
    const results = await Promise.all(
      ['1', '2'].map((n) => shared.run(manifest(`SELECT ${n} AS n`))),
    );
    expect(results.map(({ steps }) => steps.made?.rows)).toEqual([[{ n: 1 }], [{ n: 2 }]]);
  });

  // Else it sends the larger side of a join to every task: with a million rows more than its memory.
  test('knows how large a kept relation is before it joins it', async () => {
    const few = `SELECT a.id FROM range(1000) a JOIN range(1000) b ON b.id = a.id JOIN range(1000) c ON c.id = a.id`;
    const { steps } = await shared.run({
      ...manifest('EXPLAIN COST SELECT f.id FROM few f'),
      steps: [
        { step: 'view', name: 'few', sql: few, keep: true },
        { step: 'rows', name: 'made', sql: 'EXPLAIN COST SELECT f.id FROM few f', limit: 1 },
      ],
    });
    const plan = String(steps.made?.rows?.[0]?.plan);
    expect(plan).toMatch(/InMemoryRelation/);
    expect(/InMemoryRelation.*sizeInBytes=([^,)]+)/.exec(plan)?.[1]).toMatch(/^[\d.]+ KiB$/);
  });

  test('who waits in line leaves it without ending the one that works', async () => {
    const pid = shared.pid();
    const working = shared.run(manifest('SELECT COUNT(*) AS n FROM range(100000000) r'));
    const waiting = shared.run(manifest('SELECT 2 AS n'), AbortSignal.timeout(1));
    await expect(waiting).rejects.toThrow(/timeout/);
    expect((await working).steps.made?.rows).toEqual([{ n: 100_000_000 }]);
    expect(shared.pid()).toBe(pid);
  });

  test('the innermost cause of a failure is told, without the value that it is about', async () => {
    const pid = shared.pid();
    const sql = `SELECT CAST(t.v AS DOUBLE) AS n FROM VALUES ('ann@example.com') AS t(v)`;
    const failure = await shared.run(manifest(sql)).catch((error: Error) => error);
    expect(failure).toMatchObject({ code: 'SPARK_FAILED' });
    expect((failure as Error).message).toContain('CAST_INVALID_INPUT');
    expect((failure as Error).message).not.toContain('ann@example.com');
    expect(shared.pid()).toBe(pid);
  });

  test('cancelling ends Spark with all its processes, and the next manifest gets a new one', async () => {
    const pid = shared.pid() as number;
    const family = [pid, ...childrenOf(pid)];
    const stop = new AbortController();
    const reason = new Error('cancelled');
    const slow = shared.run(manifest(SLOW), stop.signal);
    const next = shared.run(manifest('SELECT 2 AS n'));
    setTimeout(() => stop.abort(reason), 1000);
    await expect(slow).rejects.toBe(reason);
    expect((await next).steps.made?.rows).toEqual([{ n: 2 }]);
    await untilTrue(() => !family.some(exists));
    expect(family).toHaveLength(2);
    expect(spilt()).toHaveLength(1);
  });

  test('a Spark that dies is named, and replaced', async () => {
    const [java] = childrenOf(shared.pid() as number);
    const slow = shared.run(manifest(SLOW));
    setTimeout(() => process.kill(java as number, 'SIGKILL'), 1000);
    await expect(slow).rejects.toMatchObject({ code: 'SPARK_LOST' });
    expect((await shared.run(manifest('SELECT 2 AS n'))).steps.made?.rows).toEqual([{ n: 2 }]);
  });

  test('a Spark that hangs is ended', async () => {
    const [java] = childrenOf(shared.pid() as number);
    const slow = shared.run(manifest(SLOW));
    process.kill(java as number, 'SIGSTOP');
    await expect(slow).rejects.toThrow(/nothing was heard of it for 20 s/);
    await untilTrue(() => !exists(java as number));
  });

  test('a full heap ends the work with its name, and an idle process ends by itself', async () => {
    const runner = newRunner({ settings: { threads: 1, memory: '512m' }, idleMs: 500 });
    const sql = `SELECT size(collect_list(repeat(CAST(r.id AS STRING), 1000))) AS n FROM range(10000000) r`;
    await expect(runner.run(manifest(sql))).rejects.toThrow(/OutOfMemory/);
    await runner.run(manifest('SELECT 2 AS n'));
    const pid = runner.pid() as number;
    const [java] = childrenOf(pid);
    await untilTrue(() => !exists(pid) && !exists(java as number));
    expect(runner.pid()).toBeUndefined();
    await untilTrue(() => spilt().length === 0);
  });

  test('what a Spark that cannot start has said is told', async () => {
    const fake = join(await mkdtemp(join(folder.path(), 'empty-')), 'python');
    writeFileSync(fake, '#!/bin/sh\necho "JAVA_HOME is not set" >&2\nexit 1\n', { mode: 0o755 });
    const runner = newRunner({ python: async () => fake });
    await expect(runner.run(manifest('SELECT 1'))).rejects.toThrow(/JAVA_HOME is not set/);
  });

  test('without Java it says what is missing', async () => {
    const environment = { PATH: folder.path() };
    const wanted = { cache: folder.path(), requirements: '', environment };
    await expect(sparkPython(wanted)).rejects.toMatchObject({ code: 'TOOL_MISSING' });
  });

  test('a manifest runs in one go as well, as a step of a cluster', async () => {
    const of = await mkdtemp(join(folder.path(), 'step-'));
    const [given, result] = [join(of, 'manifest.json'), join(of, 'result.json')];
    writeFileSync(given, JSON.stringify(manifest('SELECT 3 AS n')));
    writeFileSync(join(of, 'spark.conf'), sparkProperties({ threads: 1, memory: '512m' }, of));
    const python = await testSpark().python();
    const env = runnerEnvironment(process.env, { python, properties: join(of, 'spark.conf') });
    const uris = ['--manifest', `file://${given}`, '--result', `file://${result}`];
    await promisify(execFile)(python, [RUNNER, ...uris], { env });
    expect(JSON.parse(readFileSync(result, 'utf8'))).toMatchObject({
      ok: true,
      result: { steps: { made: { rows: [{ n: 3 }] } } },
    });
  });
});
