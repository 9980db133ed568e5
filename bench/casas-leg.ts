/** One leg of the benches of smartwatch archives, in a process of its own: prints seconds and rows by table as JSON. */
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { buildTable } from '../lakehouse/build-table';
import { casasLandingColumns } from '../lakehouse/casas/landing-table';
import { DEFAULT_DUCKDB, literal, rowsOf } from '../lakehouse/engines/duckdb-session';
import { parquetOptions } from '../lakehouse/engines/parquet-sink';
import type { RunnerStep } from '../lakehouse/engines/spark/manifest';
import { fileUri, filesOfStep } from '../lakehouse/engines/spark/manifest';
import { createSparkRunner } from '../lakehouse/engines/spark/runner';
import { formatNamed } from '../lakehouse/formats';
import { inParallel } from '../lakehouse/in-parallel';
import type { Lake } from '../lakehouse/lake';
import { openLake } from '../lakehouse/lake';
import { loadPlan } from '../lakehouse/landing/ingest-folder';
import { publishRelease, publishedVersions } from '../lakehouse/release';
import { openSource } from '../lakehouse/sources/open-source';
import { NOBODY } from '../lakehouse/suppression';
import { loadConfig } from '../workers/config';
import { sparkOptions } from '../workers/spark';
import {
  BARE_TRUSTED,
  bareLanding,
  bareTrustedSelect,
  sparkColumns,
  sparkLanding,
  sparkRaw,
} from './casas-sql';

// As many as the workflow lands side by side.
const BATCHES_AT_ONCE = 4;
const SPARK_MEMORY = '4g';
const DATASET = 'bench';

export interface CasasLeg {
  readonly seconds: number;
  readonly steps: Record<string, number>;
  readonly rows: Record<string, number>;
  readonly versions: Record<string, string>;
}

class Notes {
  readonly steps: Record<string, number> = {};
  readonly rows: Record<string, number> = {};

  async step<T>(name: string, work: () => Promise<T>): Promise<T> {
    const startedMs = performance.now();
    const result = await work();
    this.steps[name] = (performance.now() - startedMs) / 1000;
    return result;
  }
}

/** Opens, lands and publishes as the workflow `ingest` does. */
async function land(notes: Notes, lake: Lake, from: string): Promise<void> {
  const format = formatNamed('casas');
  const source = await notes.step('open', () =>
    openSource(from, { extensions: format.extensions }),
  );
  const request = { dataset: DATASET, source, secret: 'a key for the bench', suppression: NOBODY };
  await notes.step('land', async () => {
    const { planKey, batches } = await format.openIngest(lake, request);
    const plan = await loadPlan(lake, planKey);
    const all = Array.from({ length: batches }, (_, batch) => batch);
    await inParallel(all, BATCHES_AT_ONCE, (batch) =>
      format.landBatch(lake, { ...request, plan, batch }),
    );
    const { rows } = await format.publishLanding(lake, plan, {});
    notes.rows['casas_landing'] = rows;
  });
  await source.close();
}

async function ingest(notes: Notes, from: string, folder: string) {
  await land(notes, openLake({ uri: join(folder, 'lake') }), from);
  return {};
}

/** Landing, the cleaned table, its checks and publishing, step by step as the workflows do it. */
async function ours(notes: Notes, from: string, folder: string) {
  const lake = openLake({ uri: join(folder, 'lake') });
  await land(notes, lake, from);
  const table = BARE_TRUSTED.name;
  const replaces = await publishedVersions(lake, DATASET);
  const { plan } = await formatNamed('casas').planRefresh(lake, { dataset: DATASET });
  const { manifest } = await notes.step(table, () => buildTable(lake, { plan, table, inputs: {} }));
  notes.rows[table] = manifest.rows;
  const snapshots = { [table]: manifest.snapshotId };
  await notes.step('publish', () =>
    publishRelease(lake, { dataset: DATASET, snapshots, replaces }),
  );
  return {};
}

async function bareDuckdb(notes: Notes, from: string, folder: string) {
  const threads = DEFAULT_DUCKDB.threads;
  const instance = await DuckDBInstance.create(':memory:', {
    memory_limit: DEFAULT_DUCKDB.memoryLimit,
    threads: String(threads),
    temp_directory: join(folder, 'spill'),
  });
  const landing = join(folder, 'landing');
  await mkdir(landing);
  // As our own tables are: the landing table with Snappy, the cleaned one with zstd.
  const copy = async (
    select: string,
    to: string,
    compression: 'snappy' | 'zstd',
  ): Promise<number> => {
    const connection = await instance.connect();
    const files = await rowsOf(
      { connection },
      `COPY (${select}) TO ${literal(to)} ${parquetOptions({ compression })}`,
    );
    return files.reduce((sum, { count }) => sum + Number(count), 0);
  };
  const files = (await readdir(from)).sort();
  await notes.step('land', async () => {
    // A file is read in its order, by one thread: as many files at once as there are threads.
    const rows = await inParallel(files, threads, (file) =>
      copy(bareLanding(join(from, file)), join(landing, file), 'snappy'),
    );
    notes.rows['casas_landing'] = rows.reduce((sum, each) => sum + each, 0);
  });
  const connection = await instance.connect();
  const all = literal(join(landing, '**', '*.parquet'));
  await connection.run(`CREATE VIEW casas_landing AS SELECT * FROM read_parquet(${all})`);
  await notes.step(BARE_TRUSTED.name, async () => {
    notes.rows[BARE_TRUSTED.name] = await copy(bareTrustedSelect, join(folder, 'trusted'), 'zstd');
  });
  const [row] = await rowsOf({ connection }, 'SELECT version() AS version');
  return { duckdb: row?.version as string };
}

function sparkSteps(from: string, folder: string): RunnerStep[] {
  const { view, select } = sparkRaw(fileUri(from));
  const write = (name: string, sql: string): RunnerStep => ({
    ...{ step: 'write', name, sql, to: fileUri(join(folder, name)) },
  });
  const columns = sparkColumns(casasLandingColumns);
  return [
    { step: 'rows', name: 'lines', sql: view, limit: 1 },
    { step: 'view', name: 'raw', sql: select },
    write('casas_landing', sparkLanding()),
    { step: 'read', name: 'casas_landing', of: 'casas_landing', columns },
    write(BARE_TRUSTED.name, bareTrustedSelect),
  ];
}

async function bareSpark(notes: Notes, from: string, folder: string) {
  const { settings, ...options } = sparkOptions(loadConfig());
  const spill = join(folder, 'spill');
  const runner = createSparkRunner({
    ...options,
    // Its windows hold the rows of a file: with the usual heap it does not come to its end.
    settings: { ...settings, threads: 2, memory: SPARK_MEMORY },
    silenceMs: 3_600_000,
    logFile: async () => join(folder, 'spark.log'),
    folder: async () => {
      await mkdir(spill, { recursive: true });
      return spill;
    },
  });
  await notes.step('start', () =>
    runner.run({ formatVersion: 1, name: 'start', views: {}, steps: [] }),
  );
  const steps = sparkSteps(from, folder);
  const result = await notes.step('tables', () =>
    runner.run({ formatVersion: 1, name: 'bench', views: {}, steps }),
  );
  for (const { name } of steps.filter(({ step }) => step === 'write')) {
    const files = filesOfStep(result, name);
    notes.rows[name] = files.reduce((sum, { rows }) => sum + rows, 0);
  }
  await runner.close();
  return { spark: result.spark, memory: SPARK_MEMORY };
}

const LEGS = { ingest, ours, 'bare-duckdb': bareDuckdb, 'bare-spark': bareSpark };
export type CasasLegName = keyof typeof LEGS;

async function main([leg, from, folder]: readonly string[]): Promise<void> {
  const notes = new Notes();
  await mkdir(folder as string, { recursive: true });
  const startedMs = performance.now();
  const versions = await LEGS[leg as CasasLegName](notes, from as string, folder as string);
  const seconds = (performance.now() - startedMs) / 1000;
  const { steps, rows } = notes;
  process.stdout.write(
    `${JSON.stringify({ seconds, steps, rows, versions } satisfies CasasLeg)}\n`,
  );
}

if (require.main === module) {
  main(process.argv.slice(2)).catch((error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  });
}
