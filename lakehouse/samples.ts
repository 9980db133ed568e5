/** What others read from the tables: samples by device, training windows, labels, subjects. */
import type { DuckDBValue } from '@duckdb/node-api';
import type { FeatureSchema } from '../models/features';
import { WatchlakeError } from '../core/errors';
import { createViews, inList, numberOf, rowsOf, withDuckdb } from './engines/duckdb-session';
import type { Lake } from './lake';
import { landingManifest } from './landing/descriptor';
import type { SnapshotManifest } from './manifest';
import { findManifest, findManifestOrNull } from './snapshots';
import { floatsOf } from './stored-rows';
import { TRUSTED_TABLE } from './watch/trusted';
import { FEATURES_TABLE } from './watch/window-features';
import { WINDOWS_TABLE } from './watch/windows';

const IDS_AT_ONCE = 5000;
const MOSTLY = 0.5;

async function withTable<T>(
  { store, duckdb: options }: Lake,
  manifest: SnapshotManifest,
  read: (sql: (text: string) => ReturnType<typeof rowsOf>) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  return withDuckdb({ store, options, signal }, async (session) => {
    await createViews(session, store, { [manifest.table]: manifest });
    return read((text) => rowsOf(session, text));
  });
}

export interface Subject {
  readonly subject: string;
  readonly subjectKey: string;
}

/** By name, sorted. Names are personal: they stay in memory. */
export async function subjectsOf(
  lake: Lake,
  request: { dataset: string; snapshotId?: string; signal?: AbortSignal },
): Promise<Subject[]> {
  const { dataset, snapshotId, signal } = request;
  const manifest = await landingManifest(lake, dataset, snapshotId);
  const rows = await withTable(
    lake,
    manifest,
    (sql) => sql(`SELECT DISTINCT subject, subject_key FROM ${manifest.table} ORDER BY subject`),
    signal,
  );
  return rows.map(({ subject, subject_key: subjectKey }) => ({
    subject: subject as string,
    subjectKey: subjectKey as string,
  }));
}

/** The label of each window that has one, from the recordings themselves. */
export async function labelsOfWindows(
  lake: Lake,
  request: { dataset: string; windowIds: readonly string[]; snapshotId?: string },
): Promise<Map<string, string>> {
  const { dataset, windowIds, snapshotId } = request;
  const manifest = await findManifest(lake, { dataset, table: WINDOWS_TABLE, snapshotId });
  const labels = new Map<string, string>();
  await withTable(lake, manifest, async (sql) => {
    for (let from = 0; from < windowIds.length; from += IDS_AT_ONCE) {
      const ids = inList(windowIds.slice(from, from + IDS_AT_ONCE));
      const rows = await sql(`SELECT window_id, label FROM ${WINDOWS_TABLE}
        WHERE label IS NOT NULL AND window_id IN ${ids}`);
      for (const row of rows) labels.set(row.window_id as string, row.label as string);
    }
  });
  return labels;
}

/** The activities that the recordings name, sorted; none before the first refresh. */
export async function activitiesOf(
  lake: Lake,
  { dataset, signal }: { dataset: string; signal?: AbortSignal },
): Promise<string[]> {
  const manifest = await findManifestOrNull(lake, { dataset, table: WINDOWS_TABLE });
  if (manifest === null) return [];
  const select = `SELECT DISTINCT label FROM ${WINDOWS_TABLE} WHERE label IS NOT NULL ORDER BY label`;
  const rows = await withTable(lake, manifest, (sql) => sql(select), signal);
  return rows.map(({ label }) => label as string);
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

export interface TrainingRequest {
  readonly dataset: string;
  /** All subjects without it. */
  readonly subjectKeys?: readonly string[];
  readonly snapshotId?: string;
  /** `window_features`, or another table with the same columns. */
  readonly table?: string;
  readonly signal?: AbortSignal;
}

function trainingFilter(manifest: SnapshotManifest, subjectKeys?: readonly string[]): string {
  const has = (name: string): boolean => manifest.columns.some((each) => each.name === name);
  const conditions = [
    'label IS NOT NULL',
    ...(has('label_share') ? [`label_share >= ${MOSTLY}`] : []),
    ...(subjectKeys === undefined ? [] : [`subject_key IN ${inList(subjectKeys)}`]),
  ];
  return `WHERE ${conditions.join(' AND ')}`;
}

/** Keys of the people who have windows to train on, sorted. */
export async function labelledSubjects(
  lake: Lake,
  { dataset, signal }: { dataset: string; signal?: AbortSignal },
): Promise<string[]> {
  const manifest = await findManifest(lake, { dataset, table: FEATURES_TABLE });
  const select = `SELECT DISTINCT subject_key FROM ${FEATURES_TABLE} ${trainingFilter(manifest)} ORDER BY subject_key`;
  const rows = await withTable(lake, manifest, (sql) => sql(select), signal);
  return rows.map((row) => row.subject_key as string);
}

/**
 * Labelled windows by window id: an order that does not depend on the secret key. Each takes 4 bytes for each feature and about
 * 500 for its texts; the rows are read in portions, and never all at once beside that.
 */
export async function trainingWindows(
  lake: Lake,
  { dataset, subjectKeys, snapshotId, table = FEATURES_TABLE, signal }: TrainingRequest,
): Promise<TrainingWindows> {
  const manifest = await findManifest(lake, { dataset, table, snapshotId });
  const schema = manifest.facts.featureSchema as FeatureSchema | undefined;
  if (schema === undefined) throw new Error(`${table} ${manifest.snapshotId} names no schema`);
  const from = `FROM ${table} ${trainingFilter(manifest, subjectKeys)}`;
  const { store, duckdb: options } = lake;
  return withDuckdb({ store, options, signal }, async (session) => {
    await createViews(session, store, { [table]: manifest });
    const count = await numberOf(session, `SELECT count(*) ${from}`);
    const features = new Float32Array(count * schema.names.length);
    const windows = { snapshotId: manifest.snapshotId, schema, features, ...noTexts() };
    const { connection } = session;
    const result = await connection.stream(`SELECT ${TRAINING_COLUMNS} ${from} ORDER BY window_id`);
    for await (const rows of result.yieldRows()) {
      signal?.throwIfAborted();
      for (const row of rows) addWindow(windows, row);
    }
    return windows;
  });
}

const TRAINING_COLUMNS =
  'window_id, subject_key, device, CAST(start_ms AS DOUBLE), label, features';

const noTexts = () => ({
  labels: [] as string[],
  subjectKeys: [] as string[],
  devices: [] as string[],
  startsMs: [] as number[],
  windowIds: [] as string[],
});

function addWindow(windows: TrainingWindows, row: readonly DuckDBValue[]): void {
  const [windowId, subjectKey, device, startMs, label, features] = row;
  const width = windows.schema.names.length;
  const values = floatsOf(features);
  if (values.length !== width) {
    const [expected, found] = [`${width} features`, `${values.length} features`];
    throw new WatchlakeError('FEATURE_SCHEMA_DIFFERS', { expected, found });
  }
  windows.features.set(values, windows.windowIds.length * width);
  windows.windowIds.push(windowId as string);
  windows.subjectKeys.push(subjectKey as string);
  windows.devices.push(device as string);
  windows.startsMs.push(startMs as number);
  windows.labels.push(label as string);
}

export interface DeviceRequest {
  readonly dataset: string;
  readonly subjectKeys?: readonly string[];
  readonly snapshotId?: string;
  readonly signal?: AbortSignal;
}

export const ofSubjects = (subjectKeys?: readonly string[]): string =>
  subjectKeys === undefined ? '' : `WHERE subject_key IN ${inList(subjectKeys)}`;

/** How many samples there are in all. */
export async function countSamples(
  lake: Lake,
  { dataset, subjectKeys, snapshotId, signal }: DeviceRequest,
): Promise<number> {
  const manifest = await findManifest(lake, { dataset, table: TRUSTED_TABLE, snapshotId });
  if (subjectKeys === undefined) return manifest.rows;
  const select = `SELECT count(*) AS n FROM ${TRUSTED_TABLE} ${ofSubjects(subjectKeys)}`;
  const [row] = await withTable(lake, manifest, (sql) => sql(select), signal);
  return Number(row?.n);
}

/** In a stable order. */
export async function devicesOf(
  lake: Lake,
  { dataset, subjectKeys, snapshotId, signal }: DeviceRequest,
): Promise<string[]> {
  const manifest = await findManifest(lake, { dataset, table: TRUSTED_TABLE, snapshotId });
  const select = `SELECT DISTINCT device FROM ${TRUSTED_TABLE} ${ofSubjects(subjectKeys)}
    ORDER BY device`;
  const rows = await withTable(lake, manifest, (sql) => sql(select), signal);
  return rows.map(({ device }) => device as string);
}
