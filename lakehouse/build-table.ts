/** Builds one declared table of a dataset: by the engine, or by the code of its format. */
import type { RefreshPlanBase, RowsRequest } from './dataset-format';
import { formatOf } from './formats';
import type { Lake } from './lake';
import type { SnapshotManifest } from './manifest';
import type { JobContext } from './ports';
import { snapshotsOf } from './manifest';
import { QUARANTINE_COLUMNS, quarantinedTable } from './quarantine';
import type { Snapshot } from './snapshots';
import { ensureSnapshot, findManifest } from './snapshots';
import type { SqlTable, TableDeclaration } from './tables';
import { isSqlTable } from './tables';

export interface BuildTableRequest extends Pick<RowsRequest, 'signal' | 'onProgress'> {
  readonly plan: RefreshPlanBase;
  readonly table: string;
  /** Snapshot by table, of those that this refresh has built so far. */
  readonly inputs: Readonly<Record<string, string>>;
  readonly job?: JobContext;
}

type Inputs = Readonly<Record<string, SnapshotManifest>>;

/** What a snapshot has rejected, as an input of its own. */
const quarantineOf = (manifest: SnapshotManifest): SnapshotManifest => ({
  ...manifest,
  columns: QUARANTINE_COLUMNS,
  files: manifest.quarantineFiles,
});

async function inputManifests(
  lake: Lake,
  { inputs: names, dataset }: TableDeclaration,
  snapshots: Readonly<Record<string, string>>,
): Promise<Inputs> {
  const found: Record<string, SnapshotManifest> = {};
  for (const name of names) {
    const rejecting = quarantinedTable(name);
    const table = rejecting ?? name;
    const snapshotId = snapshots[table];
    if (snapshotId === undefined) throw new Error(`no snapshot of ${table} was given`);
    const manifest = await findManifest(lake, { dataset, table, snapshotId });
    found[name] = rejecting === undefined ? manifest : quarantineOf(manifest);
  }
  return found;
}

interface SqlBuild {
  readonly table: SqlTable;
  readonly inputs: Inputs;
  readonly facts: Readonly<Record<string, unknown>>;
  readonly signal?: AbortSignal;
  readonly job?: JobContext;
}

const buildSql = (lake: Lake, { table, inputs, facts, ...how }: SqlBuild): Promise<Snapshot> =>
  ensureSnapshot(lake, {
    table,
    inputs: snapshotsOf(inputs),
    relations: inputs,
    signal: how.signal,
    write: async (prefix) => ({
      ...(await lake.engine.build({ table, inputs, prefix, ...how })),
      facts: { ...facts },
    }),
  });

/** Writes and checks; publishing is left to the release. The same inputs give the same snapshot. */
export async function buildTable(lake: Lake, request: BuildTableRequest): Promise<Snapshot> {
  const { plan, table: name, signal, job, onProgress } = request;
  const format = formatOf(plan);
  const table = format.declaredTables(plan).find((each) => each.name === name);
  if (table === undefined) throw new Error(`${name} is not a declared table`);
  const inputs = await inputManifests(lake, table, { ...plan.sources, ...request.inputs });
  const facts = format.factsOf?.(plan) ?? {};
  if (isSqlTable(table)) return buildSql(lake, { table, inputs, facts, signal, job });
  if (format.buildRows === undefined) throw new Error(`nothing makes the rows of ${name}`);
  return format.buildRows(lake, { plan, table, inputs, signal, onProgress });
}
