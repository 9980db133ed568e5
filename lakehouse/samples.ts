/** What others read from the tables: samples by device, labels, subjects. */
import { composed } from '../core/letters';
import { createViews, inList, rowsOf, withDuckdb } from './engines/duckdb-session';
import type { Lake } from './lake';
import { landingManifest } from './landing/descriptor';
import type { SnapshotManifest } from './manifest';
import { findManifest, findManifestOrNull } from './snapshots';
import { TRUSTED_TABLE } from './watch/trusted';
import { CLEAR_LABEL, WINDOWS_TABLE } from './watch/windows';

const IDS_AT_ONCE = 5000;

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

/** The label of each window that has a clear one, from the recordings themselves. */
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
        WHERE ${CLEAR_LABEL} AND window_id IN ${ids}`);
      for (const row of rows) labels.set(row.window_id as string, composed(row.label as string));
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
  return [...new Set(rows.map(({ label }) => composed(label as string)))].sort();
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
