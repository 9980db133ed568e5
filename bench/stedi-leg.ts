/** One leg of the STEDI bench, in a process of its own: prints seconds and rows by table as JSON. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { buildTable } from '../lakehouse/build-table';
import { DEFAULT_DUCKDB, literal, quoted, rowsOf } from '../lakehouse/engines/duckdb-session';
import { parquetOptions } from '../lakehouse/engines/parquet-sink';
import { createSparkRunner } from '../lakehouse/engines/spark/runner';
import type { RunnerStep } from '../lakehouse/engines/spark/manifest';
import { fileUri, filesOfStep } from '../lakehouse/engines/spark/manifest';
import { formatNamed } from '../lakehouse/formats';
import { loadPlan } from '../lakehouse/landing/ingest-folder';
import { openLake } from '../lakehouse/lake';
import { publishRelease, publishedVersions } from '../lakehouse/release';
import { openSource } from '../lakehouse/sources/open-source';
import { DEFAULT_OPTIONS } from '../lakehouse/stedi/options';
import { NOBODY } from '../lakehouse/suppression';
import { loadConfig } from '../workers/config';
import { sparkOptions } from '../workers/spark';
import { NO_QUARANTINE, bareSources, bareTables, keptSelect, preparedFor } from './stedi-sql';

// As many as the workflow lands side by side.
const BATCHES_AT_ONCE = 4;

export interface Leg {
  readonly seconds: number;
  /** Seconds by step. */
  readonly steps: Record<string, number>;
  readonly rows: Record<string, number>;
  readonly versions: Record<string, string>;
}

interface Notes {
  step<T>(name: string, work: () => Promise<T>): Promise<T>;
  readonly steps: Record<string, number>;
  readonly rows: Record<string, number>;
}

function takeNotes(): Notes {
  const steps: Record<string, number> = {};
  return {
    steps,
    rows: {},
    async step(name, work) {
      const startedMs = performance.now();
      const result = await work();
      steps[name] = (performance.now() - startedMs) / 1000;
      return result;
    },
  };
}

/** Landing, tables, checks and publishing, step by step as the workflows do it. */
async function ours(notes: Notes, name: string, folder: string): Promise<Record<string, string>> {
  const lake = openLake({ uri: join(folder, 'lake') });
  const format = formatNamed('stedi');
  const options = { extensions: format.extensions };
  const source = await notes.step('open', () => openSource(name, options));
  const request = { dataset: 'stedi', source, secret: 'a key for the bench', suppression: NOBODY };
  await notes.step('land', async () => {
    const { planKey, batches } = await format.openIngest(lake, request);
    const plan = await loadPlan(lake, planKey);
    const waiting = Array.from({ length: batches }, (_, batch) => batch);
    const lane = async (): Promise<void> => {
      for (let batch = waiting.shift(); batch !== undefined; batch = waiting.shift()) {
        await format.landBatch(lake, { ...request, plan, batch });
      }
    };
    await Promise.all(Array.from({ length: BATCHES_AT_ONCE }, lane));
    const { tables = {} } = await format.publishLanding(lake, plan, {});
    for (const [table, { rows }] of Object.entries(tables)) notes.rows[table] = rows;
  });
  const replaces = await publishedVersions(lake, 'stedi');
  const { plan } = await format.planRefresh(lake, { dataset: 'stedi', options: DEFAULT_OPTIONS });
  const snapshots: Record<string, string> = {};
  for (const { name: table } of format.declaredTables(plan)) {
    const built = await notes.step(table, () =>
      buildTable(lake, { plan, table, inputs: { ...snapshots } }),
    );
    snapshots[table] = built.manifest.snapshotId;
    notes.rows[table] = built.manifest.rows;
  }
  await notes.step('publish', () =>
    publishRelease(lake, { dataset: 'stedi', snapshots, replaces }),
  );
  return {};
}

async function bareDuckdb(notes: Notes, source: string, folder: string) {
  const instance = await DuckDBInstance.create(':memory:', {
    memory_limit: DEFAULT_DUCKDB.memoryLimit,
    threads: String(DEFAULT_DUCKDB.threads),
    temp_directory: join(folder, 'spill'),
  });
  const connection = await instance.connect();
  // As our own tables are: those of landing with Snappy, the others with zstd.
  const write = (
    table: string,
    select: string,
    compression: 'snappy' | 'zstd',
    prepared: readonly (readonly [string, string])[] = [],
  ) =>
    notes.step(table, async () => {
      for (const [relation, sql] of prepared) {
        await connection.run(`CREATE TEMP TABLE ${quoted(relation)} AS ${sql}`);
      }
      const to = join(folder, table);
      const files = await rowsOf(
        { connection },
        `COPY (${select}) TO ${literal(to)} ${parquetOptions({ compression })}`,
      );
      notes.rows[table] = files.reduce((sum, { count }) => sum + Number(count), 0);
      const from = literal(join(to, '*.parquet'));
      await connection.run(`CREATE VIEW ${quoted(table)} AS SELECT * FROM read_parquet(${from})`);
    });
  for (const { table, files, fields, more } of bareSources(source, 'duckdb')) {
    const columns = fields.map(([name, type]) => `${literal(name)}: ${literal(type)}`).join(', ');
    const names = fields.map(([name]) => `r.${quoted(name)}`);
    await write(
      table,
      `SELECT ${[...names, ...more].join(', ')},
          r.filename AS source_file, row_number() OVER () AS source_line
        FROM read_json([${files.map(literal).join(', ')}], columns = {${columns}},
          format = 'newline_delimited', filename = true) r`,
      'snappy',
    );
  }
  await connection.run(`CREATE VIEW ${quoted(NO_QUARANTINE.name)} AS ${NO_QUARANTINE.select}`);
  for (const table of bareTables()) {
    await write(table.name, keptSelect(table), 'zstd', preparedFor(table));
  }
  const [row] = await rowsOf({ connection }, 'SELECT version() AS version');
  return { duckdb: row?.version as string };
}

function sparkSteps(source: string, folder: string): RunnerStep[] {
  const write = (name: string, sql: string, columns: readonly (readonly [string, string])[]) => {
    const schema = columns.map(([column, type]) => ({ name: column, type }));
    return [
      { step: 'write', name, sql, to: fileUri(join(folder, name)) },
      { step: 'read', name, of: name, columns: schema },
    ] satisfies RunnerStep[];
  };
  const landing = bareSources(source, 'spark').flatMap(({ name, table, fields, more }) => {
    const schema = fields.map(([field, type]) => `\`${field}\` ${type}`).join(', ');
    const path = fileUri(join(source, name));
    const names = fields.map(([field]) => `r.\`${field}\``);
    const sql = `SELECT ${[...names, ...more].join(', ')},
        input_file_name() AS source_file, monotonically_increasing_id() AS source_line
      FROM raw_${name} r`;
    const all = [
      ...fields,
      ...(more.length > 0 ? [['subject_key', 'STRING'] as const] : []),
      ...[['source_file', 'STRING'] as const, ['source_line', 'BIGINT'] as const],
    ];
    const view = `CREATE TEMPORARY VIEW raw_${name} (${schema}) USING json OPTIONS (path '${path}')`;
    return [
      { step: 'rows', name: `raw_${name}`, sql: view, limit: 1 } satisfies RunnerStep,
      ...write(table, sql, all),
    ];
  });
  const types: Record<string, string> = { string: 'STRING', bigint: 'BIGINT', double: 'DOUBLE' };
  const tables = bareTables().flatMap((table) => [
    ...preparedFor(table).map(([name, sql]): RunnerStep => ({
      step: 'view',
      name,
      sql,
      keep: true,
    })),
    ...write(
      table.name,
      keptSelect(table),
      table.columns.map(({ name, type }) => [name, types[type] as string] as const),
    ),
  ]);
  const { name, select } = NO_QUARANTINE;
  return [...landing, { step: 'view', name, sql: select }, ...tables];
}

async function bareSpark(notes: Notes, source: string, folder: string) {
  const { settings, ...options } = sparkOptions(loadConfig());
  const spill = join(folder, 'spill');
  const runner = createSparkRunner({
    ...options,
    settings: { ...settings, threads: 2 },
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
  const steps = sparkSteps(source, folder);
  const result = await notes.step('tables', () =>
    runner.run({ formatVersion: 1, name: 'bench', views: {}, steps }),
  );
  for (const step of steps.filter((each) => each.step === 'write')) {
    const files = filesOfStep(result, step.name);
    notes.rows[step.name] = files.reduce((sum, { rows }) => sum + rows, 0);
  }
  await runner.close();
  return { spark: result.spark, memory: settings.memory };
}

const LEGS = { ours, 'bare-duckdb': bareDuckdb, 'bare-spark': bareSpark };
export type LegName = keyof typeof LEGS;

async function main([leg, source, folder]: readonly string[]): Promise<void> {
  const notes = takeNotes();
  await mkdir(folder as string, { recursive: true });
  const startedMs = performance.now();
  const versions = await LEGS[leg as LegName](notes, source as string, folder as string);
  const seconds = (performance.now() - startedMs) / 1000;
  const result: Leg = { seconds, steps: notes.steps, rows: notes.rows, versions };
  process.stdout.write(`${JSON.stringify(result)}\n`);
}

if (require.main === module) {
  main(process.argv.slice(2)).catch((error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  });
}
