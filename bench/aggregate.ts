/**
 * Measures the aggregation of ten million events into three tables, its upsert, and one day of the year again.
 * `npm run bench:aggregate -- --events 1000000 --runs 1` measures less.
 */
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Pool } from 'pg';
import { PROJECT_ROOT } from '../core/project-root';
import { createDeviceTables } from '../devices/devices';
import { landEvents } from '../lakehouse/devices/land-events';
import { DEVICES_DATASET } from '../lakehouse/devices/names';
import type { EventMessage } from '../lakehouse/devices/parse-message';
import { openLake, type Lake } from '../lakehouse/lake';
import type { SnapshotManifest } from '../lakehouse/manifest';
import { findBase, publishSnapshot } from '../lakehouse/published';
import { migrate, openPool } from '../registry/database';
import { startPostgres } from '../stack/postgres';
import { progressLine } from '../stack/progress';
import { pythonEnvironment } from '../stack/python';
import { loadConfig } from '../workers/config';
import { makeEvents, profilesOf, type InputSize } from './aggregate-input';
import {
  aggregateBare,
  aggregateOurs,
  insertValues,
  upsertInput,
  type OursRun,
} from './aggregate-legs';
import { judge, toMarkdown, type AggregateFigures, type OneDay } from './aggregate-report';
import { measureProgram } from './process-tree';
import { keepResult } from './keep-result';

const BENCH = join(PROJECT_ROOT, 'bench');
const YEAR = { from: '2025-12-29', to: '2027-01-03' };
const UPSERT = { people: 2_000, days: 100 };

const { values } = parseArgs({
  options: {
    events: { type: 'string', default: '10000000' },
    people: { type: 'string', default: '1000' },
    runs: { type: 'string', default: '3' },
  },
});

interface Bench {
  readonly folder: string;
  readonly size: InputSize;
  readonly runs: number;
  readonly lake: Lake;
  readonly pool: Pool;
  readonly manifest: SnapshotManifest;
  readonly python: string;
}

const told = (text: string): void => console.error(text);

async function runPolars({ folder, lake, manifest, python, size }: Bench) {
  const people = join(folder, 'people.csv');
  const rows = profilesOf(size).map((each) => [each.deviceId, each.userId, each.timeZone].join());
  await writeFile(people, `${rows.join('\n')}\n`);
  const first = await lake.store.localPath(manifest.files[0]?.key as string);
  const events = join(first, '..', '..');
  const script = join(BENCH, 'aggregate-polars.py');
  const { output } = await measureProgram(python, [script, events, people]);
  return JSON.parse(output.trim()) as { seconds: number; rows: number; version: string };
}

/** The legs in turn, so that a busy minute does not count for one of them alone. */
async function runLegs(bench: Bench, versions: Record<string, string>) {
  const [ours, bare, polars]: [OursRun[], number[], number[]] = [[], [], []];
  for (let run = 0; run < bench.runs; run += 1) {
    // The first has everything to look at and to insert; the others do it all again.
    const done = await aggregateOurs(bench.lake, bench.pool, run === 0 ? {} : YEAR);
    ours.push(done);
    told(`ours: ${JSON.stringify(done)}`);
    bare.push(await aggregateBare(bench.lake, bench.manifest, bench.size));
    told(`bare: ${bare.at(-1)?.toFixed(1)} s`);
    const peer = await runPolars(bench);
    polars.push(peer.seconds);
    versions['polars'] = peer.version;
    told(`polars: ${peer.seconds.toFixed(1)} s, ${peer.rows} rows`);
  }
  return { ours, bare, polars };
}

const seconds = async (work: () => Promise<unknown>): Promise<number> => {
  const startedMs = performance.now();
  await work();
  return (performance.now() - startedMs) / 1000;
};

async function runUpserts({ folder, pool, runs }: Bench): Promise<AggregateFigures['upsert']> {
  const { people, days } = UPSERT;
  const inputs = [
    await upsertInput(folder, people, days, 0),
    await upsertInput(folder, people, days, 1),
  ];
  const tables = createDeviceTables(pool);
  // A year before the events: nothing is due there, and nothing tells of it.
  const periods = [{ start: '2020-01-01', content: null, events: 0, dates: [] }];
  const copy = (at: number) =>
    seconds(() => tables.writeAggregates({ grain: 'day', periods, file: inputs[at]?.file ?? '' }));
  const insert = (at: number) => insertValues(pool, inputs[at]?.rows ?? []);
  const clean = () =>
    pool
      .query(`DELETE FROM devices.daily_aggregates WHERE event_date < '2026-01-01'`)
      .then(() => pool.query('VACUUM devices.daily_aggregates'));
  const upsert = { copyNew: [], copyChanged: [], valuesNew: [], valuesChanged: [] } as Record<
    string,
    number[]
  >;
  await tables.maintainPartitions('day', { today: '2025-01-01', aheadMonths: 6 });
  for (let run = 0; run < runs; run += 1) {
    upsert['copyNew']?.push(await copy(0));
    upsert['copyChanged']?.push(await copy(1));
    await clean();
    upsert['valuesNew']?.push(await insert(0));
    upsert['valuesChanged']?.push(await insert(1));
    await clean();
  }
  told(`upsert: ${JSON.stringify(upsert)}`);
  return { rows: people * days, ...upsert } as AggregateFigures['upsert'];
}

async function* oneMessage(): AsyncGenerator<readonly EventMessage[]> {
  const device = profilesOf({ events: 1, people: 1 })[0]?.deviceId;
  const event = { device_id: device, date: '2026-07-01 12:00:00.123', hr: 99 };
  const value = Buffer.from(JSON.stringify(event));
  yield [{ partition: 0, offset: 0, key: device ?? null, value, headers: {} }];
}

/** A late event in the middle of the year: it lands in its date, and that day alone is aggregated. */
async function runOneDay({ lake, pool, manifest }: Bench): Promise<OneDay> {
  const base = await findBase(lake, manifest);
  const startedMs = performance.now();
  const landed = await landEvents(lake, manifest, {
    ...{
      dataset: DEVICES_DATASET,
      topic: 'events_topic',
      skippedOffsets: 0,
      restarted: 0,
      deadLetterFrom: {},
    },
    ...{ fromOffsets: { 0: 0 }, toOffsets: { 0: 1 }, lateDays: 1, isWithdrawn: () => false },
    isWithdrawnName: null,
    messages: oneMessage(),
  });
  await publishSnapshot(lake, landed.manifest, base);
  const landSeconds = (performance.now() - startedMs) / 1000;
  let done: OursRun | undefined;
  const took = await seconds(async () => {
    done = await aggregateOurs(lake, pool, {}, ['day']);
  });
  const { files = 0, eventsRead = 0, written = 0, periods = 0 } = done ?? {};
  told(`one day: ${JSON.stringify(done)}`);
  return { landSeconds, files, rows: eventsRead, written, periods, seconds: took };
}

async function measure(bench: Bench, versions: Record<string, string>): Promise<AggregateFigures> {
  const { size, manifest, pool } = bench;
  const { rows: found } = await pool.query<{ server_version: string }>('SHOW server_version');
  versions['postgresql'] = found[0]?.server_version ?? '';
  await createDeviceTables(pool).importProfiles(profilesOf(size));
  const before = loadavg()[0] ?? 0;
  const { ours, bare, polars } = await runLegs(bench, versions);
  const upsert = await runUpserts(bench);
  return {
    ...{ events: manifest.rows, people: size.people, files: manifest.files.length, versions },
    engine: ours.map(({ engineSeconds }) => engineSeconds),
    lookSeconds: ours[0]?.lookSeconds ?? 0,
    rows: ours[0]?.rows ?? 0,
    eventsRead: ours[0]?.eventsRead ?? 0,
    ...{ bare, polars, upsert },
    oneDay: await runOneDay(bench),
    load: [before, loadavg()[0] ?? 0],
  };
}

async function main(): Promise<void> {
  const { WATCHLAKE_CACHE: cache } = loadConfig();
  const onProgress = (progress: Parameters<typeof progressLine>[0]) => told(progressLine(progress));
  const requirements = join(BENCH, 'aggregate-requirements.txt');
  // First of all: without Python there is nothing to compare with.
  const python = await pythonEnvironment({ cache, name: 'aggregate', requirements, onProgress });
  const folder = await mkdtemp(join(tmpdir(), 'watchlake-bench-'));
  // When root runs it the database has a user of its own, which has to pass through.
  await chmod(folder, 0o755);
  const size = { events: Number(values.events), people: Number(values.people) };
  const postgres = await startPostgres({ home: folder, port: 0, durable: true });
  const pool = openPool(postgres.url, { statementTimeoutMs: 600_000 });
  try {
    await migrate(postgres.url);
    const lake = openLake({ uri: join(folder, 'lake') });
    const manifest = await makeEvents(lake, size);
    told(`input: ${manifest.rows} events in ${manifest.files.length} files`);
    const versions: Record<string, string> = { node: process.versions.node };
    const bench = { folder, size, runs: Number(values.runs), lake, pool, manifest, python };
    const judged = judge(await measure(bench, versions));
    await keepResult('aggregate', judged, toMarkdown(judged));
    process.exitCode = Object.values(judged.goals).every(({ reached }) => reached) ? 0 : 1;
  } finally {
    await pool.end();
    await postgres.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
