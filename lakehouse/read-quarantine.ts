/** What lies in quarantine: counts by table and reason, and the rows themselves. */
import { literal } from './engines/duckdb-session';
import type { Lake } from './lake';
import { QUARANTINE_COLUMNS, quarantineName } from './quarantine';
import { findManifest } from './snapshots';
import { unknownDataset } from './unknown-names';

export interface QuarantineCount {
  readonly dataset: string;
  readonly table: string;
  readonly reason: string;
  readonly rows: number;
}

/** Of the published tables; DATASET_NOT_FOUND when the one named has none. */
export async function listQuarantine(
  lake: Lake,
  { dataset }: { dataset?: string } = {},
): Promise<QuarantineCount[]> {
  const pointers = await lake.catalog.list(dataset === undefined ? {} : { dataset });
  if (dataset !== undefined && pointers.length === 0) throw await unknownDataset(lake, dataset);
  const counts: QuarantineCount[] = [];
  for (const { dataset: of, table } of pointers) {
    const { quarantined } = await findManifest(lake, { dataset: of, table });
    for (const [reason, rows] of Object.entries(quarantined)) {
      counts.push({ dataset: of, table, reason, rows });
    }
  }
  return counts;
}

export interface QuarantinedRow {
  readonly reason: string;
  readonly detail: string | null;
  readonly file: string;
  readonly line: number;
  /** The row as it was read: it may tell of people. */
  readonly raw?: string;
}

export interface ShowRequest {
  readonly dataset: string;
  readonly table: string;
  readonly reason?: string;
  readonly withRaw: boolean;
  readonly maximumRows: number;
}

const TIMEOUT_MS = 60_000;

export async function showQuarantine(
  lake: Lake,
  { dataset, table, reason, withRaw, maximumRows }: ShowRequest,
): Promise<{ rows: QuarantinedRow[]; truncated: boolean }> {
  const { quarantineFiles: files } = await findManifest(lake, { dataset, table });
  const name = quarantineName(table);
  const where = reason === undefined ? '' : `WHERE q.reason = ${literal(reason)}`;
  const sql = `SELECT q.reason, q.detail, q.source_file AS file, q.source_line AS line
      ${withRaw ? ', q.raw' : ''}
    FROM ${name} q ${where} ORDER BY q.source_file, q.source_line`;
  const relations = { [name]: { columns: QUARANTINE_COLUMNS, files } };
  const request = { relations, sql, maximumRows, timeoutMs: TIMEOUT_MS };
  const { rows, truncated } = await lake.engine.query(request);
  return { rows: rows as unknown as QuarantinedRow[], truncated };
}
