/** One leg of the bench of what follows cleaning, in a process of its own: prints seconds and rows as JSON. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { DEFAULT_DUCKDB, literal, rowsOf } from '../lakehouse/engines/duckdb-session';
import { parquetOptions } from '../lakehouse/engines/parquet-sink';
import { createRowAppender } from '../lakehouse/engines/row-appender';
import type { Lake } from '../lakehouse/lake';
import { openLake } from '../lakehouse/lake';
import { publishRows, writeRows } from '../lakehouse/publish';
import type { TrainingWindow } from '../lakehouse/training-windows';
import { readTrainingWindows, trainingWindows } from '../lakehouse/training-windows';
import {
  predictionsTable,
  trainingWindowsTable,
  windowCells,
} from '../lakehouse/watch/model-tables';
import { windowFeaturesTable } from '../lakehouse/watch/window-features';
import { trainClassifier } from '../models/training';
import { SCHEMA, featureCells, predictionCells } from './window-rows';

const DATASET = 'bench';
const features = windowFeaturesTable({ dataset: DATASET, schema: SCHEMA });

export interface WindowsLeg {
  readonly seconds: number;
  readonly rows: number;
  readonly versions: Record<string, string>;
}

interface Place {
  readonly lake: Lake;
  readonly folder: string;
  readonly count: number;
}

const inputs = { made: 'by the bench' };
const facts = { featureSchema: SCHEMA };

async function writeFeatures({ lake, count }: Place): Promise<number> {
  const rows = () => featureCells(count);
  const replaces = { version: 0 };
  const { manifest } = await publishRows(lake, { table: features, inputs, rows, facts, replaces });
  return manifest.rows;
}

/** The same rows in the same order, by DuckDB alone: no part at a time, no checks, no manifest. */
async function bareDuckdb({ folder, count }: Place): Promise<number> {
  const instance = await DuckDBInstance.create(':memory:', {
    // Within our own limit it runs out of memory.
    memory_limit: '8GB',
    threads: String(DEFAULT_DUCKDB.threads),
    temp_directory: join(folder, 'spill'),
  });
  const connection = await instance.connect();
  const appender = await createRowAppender(
    { connection, scratch: folder },
    'made',
    features.columns,
  );
  for (const row of featureCells(count)) appender.append(row);
  appender.finish();
  const order = features.orderBy.join(', ');
  const to = literal(join(folder, 'bare'));
  const options = parquetOptions({ compression: 'zstd' });
  const files = await rowsOf(
    { connection },
    `COPY (SELECT * FROM made ORDER BY ${order}) TO ${to} ${options}`,
  );
  return files.reduce((sum, each) => sum + Number(each.count), 0);
}

async function writePredictions({ lake, count }: Place): Promise<number> {
  const table = predictionsTable({ dataset: DATASET, recipe: 1 });
  const rows = () => predictionCells(count);
  return (await writeRows(lake, { table, inputs, rows, facts })).manifest.rows;
}

async function* cellsOf(windows: AsyncGenerator<TrainingWindow>) {
  for await (const window of windows) yield windowCells(window);
}

async function freeze({ lake }: Place): Promise<number> {
  const recorded = await readTrainingWindows(lake, { dataset: DATASET });
  const table = trainingWindowsTable({ dataset: DATASET, recipe: 1 });
  const rows = () => cellsOf(recorded.windows());
  return (await writeRows(lake, { table, inputs, rows, facts })).manifest.rows;
}

/** One epoch of each fit: later ones hold no more but their predictions, 4 bytes for each class. */
async function learn({ lake }: Place): Promise<number> {
  const read = await trainingWindows(lake, { dataset: DATASET });
  const { windowIds, subjectKeys: groups, devices: blocks, labels } = read;
  const set = { features: read.features, labels, groups, blocks, windowIds };
  await trainClassifier(set, {
    ...{ model: 'bench', schema: SCHEMA, classes: [...new Set(labels)].sort(), seed: 0 },
    options: { minimumEpochs: 1, maximumEpochs: 1 },
  });
  return labels.length;
}

const LEGS = {
  features: writeFeatures,
  bare: bareDuckdb,
  predictions: writePredictions,
  freeze,
  learn,
};
export type WindowsLegName = keyof typeof LEGS;

async function main([leg, count, folder]: readonly string[]): Promise<void> {
  await mkdir(folder as string, { recursive: true });
  const lake = openLake({ uri: join(folder as string, 'lake') });
  const startedMs = performance.now();
  const rows = await LEGS[leg as WindowsLegName]({
    ...{ lake, folder: folder as string, count: Number(count) },
  });
  const seconds = (performance.now() - startedMs) / 1000;
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  const [row] = await rowsOf({ connection }, 'SELECT version() AS version');
  const versions = { duckdb: row?.version as string };
  process.stdout.write(`${JSON.stringify({ seconds, rows, versions } satisfies WindowsLeg)}\n`);
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
