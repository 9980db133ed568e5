/** Reads every object of the lake and tells which of them hold a person. */
import type { Needles } from '../../core/needles';
import { createFinder, streamHolds } from '../../core/needles';
import type { DuckdbSession } from '../engines/duckdb-session';
import { numberOf, parquetRows, quoted, rowsOf, withDuckdb } from '../engines/duckdb-session';
import type { Lake } from '../lake';
import { datasetOfKey } from '../locations';
import type { Store, StoredObject } from '../ports';
import { someName } from './documents';
import { cellHoldsSql } from './hold-sql';
import { holdsShortKey, isReport } from './short-keys';

// One session keeps what it has opened until it ends.
const OBJECTS_A_SESSION = 200;

export interface ScanRequest {
  readonly dataset: string;
  readonly needles: Needles;
  readonly signal?: AbortSignal;
  readonly onObject?: (objects: number) => void;
}

export interface LakeScan {
  readonly objects: number;
  readonly bytes: number;
  readonly rows: number;
  /** Objects of other datasets, which are not looked into: consent is given and withdrawn by dataset. */
  readonly otherDatasets: number;
  /** Keys of those that hold the person. */
  readonly found: readonly string[];
}

export const isParquet = (key: string): boolean => key.endsWith('.parquet');

const HOLDS_TEXT = /VARCHAR|STRUCT|MAP|JSON/;

async function scanParquet(session: DuckdbSession, path: string, needles: Needles) {
  const from = `${parquetRows([path])} r`;
  const columns = (await rowsOf(session, `DESCRIBE SELECT r.* FROM ${from}`)).filter((each) =>
    HOLDS_TEXT.test(each.column_type as string),
  );
  const rows = await numberOf(session, `SELECT count(*) FROM ${from}`);
  const holds = columns.map(({ column_name: name }) => {
    const cell = `CAST(r.${quoted(name as string)} AS VARCHAR)`;
    return cellHoldsSql(name as string, cell, needles);
  });
  if (holds.length === 0) return { rows, held: 0 };
  const where = holds.join(' OR ');
  return { rows, held: await numberOf(session, `SELECT count(*) FROM ${from} WHERE ${where}`) };
}

const NUMBERED = /\d{6}\.parquet$/;

/** Partitions stand in keys, escaped. */
function readable(key: string): string {
  const named = key.replace(NUMBERED, '');
  try {
    return decodeURIComponent(named);
  } catch {
    return named;
  }
}

async function* listed(
  { store }: Lake,
  dataset: string,
): AsyncGenerator<{ object: StoredObject; isOthers: boolean }> {
  for await (const object of store.list('')) {
    const owner = datasetOfKey(object.key);
    yield { object, isOthers: owner !== null && owner !== dataset };
  }
}

type Mutable = { -readonly [K in keyof Omit<LakeScan, 'found'>]: number } & { found: string[] };

async function textHolds(store: Store, key: string, needles: Needles): Promise<boolean> {
  const mayHold = await streamHolds(needles, await store.stream(key));
  if (!mayHold && !isReport(key)) return false;
  const text = (await store.get(key)).toString('utf8');
  return someName(key, text, createFinder(needles)) || holdsShortKey(key, text, needles);
}

/** Null when it is not there any more. */
async function scanObject(
  { store }: Lake,
  session: DuckdbSession,
  key: string,
  { needles, signal }: ScanRequest,
): Promise<{ rows: number; held: boolean } | null> {
  try {
    if (!isParquet(key)) return { rows: 0, held: await textHolds(store, key, needles) };
    const { rows, held } = await scanParquet(session, await store.localPath(key), needles);
    return { rows, held: held > 0 };
  } catch (error) {
    signal?.throwIfAborted();
    // Runs beside it remove what is superseded, some of them every few minutes.
    if (await store.has(key)) throw error;
    return null;
  }
}

async function scanObjects(
  lake: Lake,
  objects: readonly StoredObject[],
  request: ScanRequest,
  total: Mutable,
): Promise<void> {
  const { needles, signal, onObject } = request;
  const holdsName = createFinder(needles);
  const options = { store: lake.store, options: lake.duckdb, signal };
  await withDuckdb(options, async (session) => {
    for (const { key, bytes } of objects) {
      signal?.throwIfAborted();
      const scanned = await scanObject(lake, session, key, request);
      if (scanned === null) continue;
      total.rows += scanned.rows;
      total.objects += 1;
      total.bytes += bytes;
      if (scanned.held || holdsName(`/${readable(key)}`)) total.found.push(key);
      onObject?.(total.objects);
    }
  });
}

/** All objects but those of other datasets. */
export async function scanLake(lake: Lake, request: ScanRequest): Promise<LakeScan> {
  const total: Mutable = { objects: 0, bytes: 0, rows: 0, otherDatasets: 0, found: [] };
  let waiting: StoredObject[] = [];
  for await (const { object, isOthers } of listed(lake, request.dataset)) {
    if (isOthers) {
      total.otherDatasets += 1;
      continue;
    }
    waiting.push(object);
    if (waiting.length < OBJECTS_A_SESSION) continue;
    await scanObjects(lake, waiting, request, total);
    waiting = [];
  }
  await scanObjects(lake, waiting, request, total);
  return total;
}
