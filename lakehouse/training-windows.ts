/** Reads windows to learn from or to judge by: one after another, or all at once in typed arrays. */
import type { DuckDBValue } from '@duckdb/node-api';
import type { FeatureSchema } from '../models/features';
import { WatchlakeError } from '../core/errors';
import { composed } from '../core/letters';
import { inList } from './engines/duckdb-session';
import type { Lake } from './lake';
import type { SnapshotManifest } from './manifest';
import { findManifest } from './snapshots';
import { floatsOf, storedRows } from './stored-rows';
import { FEATURES_TABLE } from './watch/window-features';
import { CLEAR_LABEL } from './watch/windows';

export interface TrainingRequest {
  readonly dataset: string;
  /** All subjects without it. */
  readonly subjectKeys?: readonly string[];
  readonly snapshotId?: string;
  /** `window_features`, or another table with the same columns. */
  readonly table?: string;
  readonly signal?: AbortSignal;
}

export interface TrainingWindow {
  readonly windowId: string;
  readonly subjectKey: string;
  readonly device: string;
  readonly startMs: number;
  readonly label: string;
  /** As many as the schema has names. */
  readonly features: Float32Array;
}

/** Labelled windows that are yet to be read. */
export interface TrainingReading {
  readonly snapshotId: string;
  readonly schema: FeatureSchema;
  /** Keys of the people who have such windows, sorted. */
  readonly subjects: () => Promise<string[]>;
  /** As they lie in the files; one at a time. */
  readonly windows: () => AsyncGenerator<TrainingWindow>;
}

export interface TrainingWindows {
  readonly snapshotId: string;
  readonly schema: FeatureSchema;
  /** Row by row: as many values as the schema has names. */
  readonly features: Float32Array;
  readonly labels: string[];
  readonly subjectKeys: string[];
  readonly devices: string[];
  readonly startsMs: number[];
  readonly windowIds: string[];
}

function trainingFilter(manifest: SnapshotManifest, subjectKeys?: readonly string[]): string {
  const has = (name: string): boolean => manifest.columns.some((each) => each.name === name);
  const conditions = [
    has('label_share') ? CLEAR_LABEL : 'label IS NOT NULL',
    ...(subjectKeys === undefined ? [] : [`subject_key IN ${inList(subjectKeys)}`]),
  ];
  return `WHERE ${conditions.join(' AND ')}`;
}

interface Selection {
  readonly manifest: SnapshotManifest;
  /** A FROM clause. */
  readonly from: string;
  readonly read: (sql: string) => AsyncGenerator<readonly DuckDBValue[]>;
}

async function select(lake: Lake, request: TrainingRequest): Promise<Selection> {
  const { dataset, subjectKeys, snapshotId, table = FEATURES_TABLE, signal } = request;
  const manifest = await findManifest(lake, { dataset, table, snapshotId });
  return {
    manifest,
    from: `(SELECT * FROM ${table} ${trainingFilter(manifest, subjectKeys)})`,
    read: (sql) => storedRows(lake, { from: { [table]: manifest }, sql, signal }),
  };
}

function schemaIn({ table, snapshotId, facts }: SnapshotManifest): FeatureSchema {
  const schema = facts.featureSchema as FeatureSchema | undefined;
  if (schema === undefined) throw new Error(`${table} ${snapshotId} names no schema`);
  return schema;
}

const COLUMNS =
  'w.window_id, w.subject_key, w.device, CAST(w.start_ms AS DOUBLE), w.label, w.features';

function windowOf({ names }: FeatureSchema, row: readonly DuckDBValue[]): TrainingWindow {
  const [windowId, subjectKey, device, startMs, label] = row as [
    string,
    string,
    string,
    number,
    string,
  ];
  const features = floatsOf(row[5]);
  if (features.length !== names.length) {
    const [expected, found] = [`${names.length} features`, `${features.length} features`];
    throw new WatchlakeError('FEATURE_SCHEMA_DIFFERS', { expected, found });
  }
  // In tables an accent may be written in two ways: engines have no function in common that composes it.
  return { windowId, subjectKey, device, startMs, label: composed(label), features };
}

async function subjectsIn({ from, read }: Selection): Promise<string[]> {
  const keys: string[] = [];
  const sql = `SELECT DISTINCT w.subject_key FROM ${from} w ORDER BY 1`;
  for await (const [key] of read(sql)) keys.push(key as string);
  return keys;
}

async function* windowsIn({ manifest, from, read }: Selection): AsyncGenerator<TrainingWindow> {
  const schema = schemaIn(manifest);
  for await (const row of read(`SELECT ${COLUMNS} FROM ${from} w`)) yield windowOf(schema, row);
}

export async function readTrainingWindows(
  lake: Lake,
  request: TrainingRequest,
): Promise<TrainingReading> {
  const selection = await select(lake, request);
  const { manifest } = selection;
  return {
    snapshotId: manifest.snapshotId,
    schema: schemaIn(manifest),
    subjects: () => subjectsIn(selection),
    windows: () => windowsIn(selection),
  };
}

/** Keys of the people who have windows to train on, sorted. */
export const labelledSubjects = async (
  lake: Lake,
  request: Pick<TrainingRequest, 'dataset' | 'signal'>,
): Promise<string[]> => subjectsIn(await select(lake, request));

/** One text for all rows that have it. */
function createPool(): (text: string) => string {
  const known = new Map<string, string>();
  return (text) => {
    const found = known.get(text);
    if (found === undefined) known.set(text, text);
    return found ?? text;
  };
}

const emptyWindows = (count: number, { names }: FeatureSchema) => ({
  features: new Float32Array(count * names.length),
  labels: new Array<string>(count),
  subjectKeys: new Array<string>(count),
  devices: new Array<string>(count),
  startsMs: new Array<number>(count),
  windowIds: new Array<string>(count),
});

/**
 * Labelled windows by window id: an order that does not depend on the secret key. Each takes 4 bytes for each feature and about
 * 100 beside. DuckDB orders the ids alone: a sort of rows with features takes more memory than it may have.
 */
export async function trainingWindows(
  lake: Lake,
  request: TrainingRequest,
): Promise<TrainingWindows> {
  const { manifest, from, read } = await select(lake, request);
  const schema = schemaIn(manifest);
  const sql = `SELECT ${COLUMNS}, CAST(p.place AS DOUBLE), CAST(p.total AS DOUBLE) FROM ${from} w
    JOIN (SELECT window_id, row_number() OVER (ORDER BY window_id) - 1 AS place,
        count(*) OVER () AS total FROM ${from}) p ON p.window_id = w.window_id`;
  const pooled = createPool();
  let windows: ReturnType<typeof emptyWindows> | undefined;
  for await (const row of read(sql)) {
    const { features, ...window } = windowOf(schema, row);
    const [place, total] = [row[6] as number, row[7] as number];
    windows ??= emptyWindows(total, schema);
    windows.features.set(features, place * schema.names.length);
    windows.windowIds[place] = window.windowId;
    windows.subjectKeys[place] = pooled(window.subjectKey);
    windows.devices[place] = pooled(window.device);
    windows.startsMs[place] = window.startMs;
    windows.labels[place] = pooled(window.label);
  }
  return { snapshotId: manifest.snapshotId, schema, ...(windows ?? emptyWindows(0, schema)) };
}
