/** Read-only SQL over published tables. */
import { isWatchlakeError, WatchlakeError } from '../core/errors';
import { fewOf } from '../core/few-of';
import type { Lake } from './lake';
import type { SnapshotManifest } from './manifest';
import type { QueryResult, Relation, VersionedPointer } from './ports';
import { QUARANTINE_COLUMNS, quarantineName } from './quarantine';
import { findManifest } from './snapshots';
import { unknownDataset, unknownTable } from './unknown-names';

export interface QueryOptions {
  readonly sql: string;
  /** Its tables are found under their plain names; all are found as `"dataset".table`. */
  readonly dataset?: string;
  /** The database of the Glue catalogue that holds a dataset: its tables are found under that as well, as on Athena. */
  readonly databaseOf?: (dataset: string) => string;
  /** Reads the tables of this release as they were; `dataset` is needed with it. */
  readonly releaseId?: string;
  readonly maximumRows?: number;
  readonly timeoutMs?: number;
}

const DEFAULTS = { maximumRows: 1000, timeoutMs: 60_000 };

interface Published {
  readonly dataset: string;
  readonly manifest: SnapshotManifest;
}

async function pinned(
  lake: Lake,
  dataset: string,
  releaseId: string,
): Promise<Record<string, string>> {
  const releases = await lake.catalog.releases({ dataset });
  const release = releases.find((each) => each.releaseId === releaseId);
  if (release !== undefined) return { ...release.snapshots };
  throw new WatchlakeError('QUERY_INVALID', { detail: `${dataset} has no release ${releaseId}` });
}

async function publishedTables(
  lake: Lake,
  { dataset, releaseId }: QueryOptions,
): Promise<Published[]> {
  const pointers: VersionedPointer[] = await lake.catalog.list();
  const known = new Set(pointers.map((pointer) => pointer.dataset));
  if (dataset !== undefined && !known.has(dataset)) throw await unknownDataset(lake, dataset);
  const snapshots =
    dataset === undefined || releaseId === undefined ? {} : await pinned(lake, dataset, releaseId);
  return Promise.all(
    pointers.map(async (pointer) => {
      const { table } = pointer;
      const snapshotId = pointer.dataset === dataset ? snapshots[table] : undefined;
      const manifest = await findManifest(lake, { dataset: pointer.dataset, table, snapshotId });
      return { dataset: pointer.dataset, manifest };
    }),
  );
}

function relationsOf({ manifest }: Published): [string, Relation][] {
  const { table, columns, files, quarantineFiles } = manifest;
  const own: [string, Relation] = [table, { columns, files }];
  if (quarantineFiles.length === 0) return [own];
  const quarantine = { columns: QUARANTINE_COLUMNS, files: quarantineFiles };
  return [own, [quarantineName(table), quarantine]];
}

/** By `database.table` for the databases that the statement names; what several datasets have stands for none. */
function ofDatabases(
  published: readonly Published[],
  { sql, databaseOf }: QueryOptions,
): Record<string, Relation> {
  if (databaseOf === undefined) return {};
  const text = sql.toLowerCase();
  const found = new Map<string, Relation | null>();
  for (const each of published) {
    const database = databaseOf(each.dataset);
    if (!text.includes(database.toLowerCase())) continue;
    for (const [name, relation] of relationsOf(each)) {
      const key = `${database}.${name}`;
      found.set(key, found.has(key) ? null : relation);
    }
  }
  const clear = [...found].filter((each): each is [string, Relation] => each[1] !== null);
  return Object.fromEntries(clear);
}

/** Where one dataset is all there is, it need not be named. */
function chosenDataset(published: readonly Published[], named?: string): string | undefined {
  const datasets = new Set(published.map(({ dataset }) => dataset));
  return named ?? (datasets.size === 1 ? [...datasets][0] : undefined);
}

// DuckDB's words for a name that stands for nothing.
const NO_SUCH_TABLE = /Table with name (\w+) does not exist/;

/** The plain name of a table that stands for nothing; undefined when the query fails of something else. */
function missingTable(error: unknown, sql: string): string | undefined {
  if (!isWatchlakeError(error) || error.code !== 'QUERY_INVALID') return undefined;
  const table = NO_SUCH_TABLE.exec(error.message)?.[1]?.toLowerCase();
  if (table === undefined) return undefined;
  const isOfDataset = new RegExp(`\\.\\s*"?${table}\\b`, 'i').test(sql);
  return isOfDataset ? undefined : table;
}

/** Who names a table of the lake that none of several datasets was chosen for is told which have it. */
function orWhichDataset(error: unknown, table: string, published: readonly Published[]): unknown {
  const having = published.filter((each) => relationsOf(each).some(([name]) => name === table));
  const datasets = fewOf(having.map(({ dataset }) => dataset).sort());
  if (datasets === undefined) return error;
  return new WatchlakeError('TABLE_OF_WHICH_DATASET', { table, datasets }, error);
}

/**
 * QUERY_INVALID when it is not one reading statement, or DuckDB refuses it; TABLE_OF_WHICH_DATASET when it names a
 * table of several datasets, or of one of them, without saying of which; TABLE_NOT_FOUND when the dataset lacks it.
 */
export async function query(lake: Lake, options: QueryOptions): Promise<QueryResult> {
  const published = await publishedTables(lake, options);
  const chosen = chosenDataset(published, options.dataset);
  const relations = ofDatabases(published, options);
  for (const each of published) {
    for (const [name, relation] of relationsOf(each)) {
      relations[`${each.dataset}.${name}`] = relation;
      if (each.dataset === chosen) relations[name] = relation;
    }
  }
  const { sql, maximumRows = DEFAULTS.maximumRows, timeoutMs = DEFAULTS.timeoutMs } = options;
  try {
    return await lake.engine.query({ relations, sql, maximumRows, timeoutMs });
  } catch (error) {
    const table = missingTable(error, sql);
    if (table === undefined) throw error;
    throw chosen === undefined
      ? orWhichDataset(error, table, published)
      : await unknownTable(lake, { dataset: chosen, table });
  }
}
