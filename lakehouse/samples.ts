/** What others read from the tables: samples by device, training windows, labels, subjects. */
import type { FeatureSchema } from '../models/features';
import { WatchlakeError } from '../core/errors';
import { createViews, inList, openDuckdb, rowsOf, withDuckdb } from './engines/duckdb-session';
import type { Lake } from './lake';
import { datasetDescriptor, landingManifest } from './landing/descriptor';
import type { SnapshotManifest } from './manifest';
import type { BlocksRequest, SampleBlock } from './sample-blocks';
import { sampleBlocks } from './sample-blocks';
import { findManifest, findManifestOrNull } from './snapshots';
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

/** Labelled windows by window id: an order that does not depend on the secret key. */
export async function trainingWindows(
  lake: Lake,
  { dataset, subjectKeys, snapshotId, table = FEATURES_TABLE, signal }: TrainingRequest,
): Promise<TrainingWindows> {
  const manifest = await findManifest(lake, { dataset, table, snapshotId });
  const schema = manifest.facts.featureSchema as FeatureSchema | undefined;
  if (schema === undefined) throw new Error(`${table} ${manifest.snapshotId} names no schema`);
  const select = `SELECT window_id, subject_key, device, CAST(start_ms AS DOUBLE) AS start_ms,
      label, features
    FROM ${table} ${trainingFilter(manifest, subjectKeys)} ORDER BY window_id`;
  const rows = await withTable(lake, manifest, (sql) => sql(select), signal);
  const width = schema.names.length;
  const features = new Float32Array(rows.length * width);
  rows.forEach((row, index) => {
    const values = row.features as number[];
    if (values.length !== width) {
      const [expected, found] = [`${width} features`, `${values.length} features`];
      throw new WatchlakeError('FEATURE_SCHEMA_DIFFERS', { expected, found });
    }
    features.set(values, index * width);
  });
  const texts = (name: string): string[] => rows.map((row) => row[name] as string);
  return {
    snapshotId: manifest.snapshotId,
    schema,
    features,
    labels: texts('label'),
    subjectKeys: texts('subject_key'),
    devices: texts('device'),
    startsMs: rows.map((row) => Number(row.start_ms)),
    windowIds: texts('window_id'),
  };
}

export interface DeviceSamples {
  readonly device: string;
  /** Usually one: a device that people share has several. */
  readonly subjectKeys: readonly string[];
  readonly channels: readonly string[];
  /** In clock order; a block never mixes recordings. */
  readonly blocks: () => AsyncIterable<SampleBlock>;
}

export interface DeviceRequest {
  readonly dataset: string;
  readonly subjectKeys?: readonly string[];
  readonly snapshotId?: string;
  readonly signal?: AbortSignal;
}

const ofSubjects = (subjectKeys?: readonly string[]): string =>
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

/** By device. Each device's blocks are read from the lake when they are iterated, and only then. */
export async function deviceSamples(
  lake: Lake,
  { dataset, subjectKeys, snapshotId, signal }: DeviceRequest,
): Promise<DeviceSamples[]> {
  const manifest = await findManifest(lake, { dataset, table: TRUSTED_TABLE, snapshotId });
  const channels = (await datasetDescriptor(lake, dataset)).channels.map(({ name }) => name);
  const select = `SELECT device, list_sort(list(DISTINCT subject_key)) AS subject_keys
    FROM ${TRUSTED_TABLE} ${ofSubjects(subjectKeys)} GROUP BY device ORDER BY device`;
  const devices = await withTable(lake, manifest, (sql) => sql(select), signal);
  return devices.map((row) => {
    const [device, keys] = [row.device as string, row.subject_keys as string[]];
    const request = { channels, device, subjectKeys: keys, signal };
    const blocks = () => readDevice(lake, manifest, request);
    return { device, subjectKeys: keys, channels, blocks };
  });
}

interface DeviceRead extends Omit<BlocksRequest, 'from'> {
  readonly signal?: AbortSignal;
}

async function* readDevice(
  { store, duckdb: options }: Lake,
  manifest: SnapshotManifest,
  { signal, ...request }: DeviceRead,
): AsyncGenerator<SampleBlock> {
  const session = await openDuckdb({ store, options, signal });
  try {
    await createViews(session, store, { [manifest.table]: manifest });
    yield* sampleBlocks(session.connection, { from: manifest.table, ...request });
  } finally {
    await session.close();
  }
}
