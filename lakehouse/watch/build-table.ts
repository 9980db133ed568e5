/** Builds one declared table of a recordings dataset: by the engine, or by our own code for features. */
import type { Lake } from '../lake';
import type { SnapshotManifest } from '../manifest';
import { writeRows } from '../publish';
import type { Snapshot } from '../snapshots';
import { ensureSnapshot, findManifest } from '../snapshots';
import type { SqlTable, TableDeclaration } from '../tables';
import { isSqlTable } from '../tables';
import type { RefreshPlan } from './refresh-plan';
import { declaredTables, schemaOf } from './refresh-plan';
import { featureRows, windowFeaturesTable } from './window-features';
import { WINDOWS_TABLE } from './windows';

export interface BuildTableRequest {
  readonly plan: RefreshPlan;
  readonly table: string;
  /** Snapshot by table, of those that this refresh has built so far. */
  readonly inputs: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: { windows: number }) => void;
}

type Inputs = Readonly<Record<string, SnapshotManifest>>;

async function inputManifests(
  lake: Lake,
  { inputs: names, dataset }: TableDeclaration,
  snapshots: Readonly<Record<string, string>>,
): Promise<Inputs> {
  const found: Record<string, SnapshotManifest> = {};
  for (const table of names) {
    const snapshotId = snapshots[table];
    if (snapshotId === undefined) throw new Error(`no snapshot of ${table} was given`);
    found[table] = await findManifest(lake, { dataset, table, snapshotId });
  }
  return found;
}

const snapshotsOf = (inputs: Inputs): Record<string, string> =>
  Object.fromEntries(Object.entries(inputs).map(([table, m]) => [table, m.snapshotId]));

const buildSql = (lake: Lake, table: SqlTable, inputs: Inputs, signal?: AbortSignal) =>
  ensureSnapshot(lake, {
    table,
    inputs: snapshotsOf(inputs),
    relations: inputs,
    signal,
    write: (prefix) => lake.engine.build({ table, inputs, prefix, signal }),
  });

function buildFeatures(lake: Lake, inputs: Inputs, request: BuildTableRequest): Promise<Snapshot> {
  const { plan, signal, onProgress } = request;
  const schema = schemaOf(plan);
  let windows = 0;
  const onWindows = (made: number) => {
    windows += made;
    onProgress?.({ windows });
  };
  return writeRows(lake, {
    table: windowFeaturesTable({ dataset: plan.dataset, schema }),
    inputs: snapshotsOf(inputs),
    rows: () => featureRows(lake, { schema, inputs, signal, onWindows }),
    inputRows: inputs[WINDOWS_TABLE]?.rows,
    facts: { featureSchema: schema },
    signal,
  });
}

/** Writes and checks; publishing is left to the release. The same inputs give the same snapshot. */
export async function buildTable(lake: Lake, request: BuildTableRequest): Promise<Snapshot> {
  const { plan, table: name, signal } = request;
  const table = declaredTables(plan).find((each) => each.name === name);
  if (table === undefined) throw new Error(`${name} is not a declared table`);
  const inputs = await inputManifests(lake, table, { ...plan.sources, ...request.inputs });
  return isSqlTable(table)
    ? buildSql(lake, table, inputs, signal)
    : buildFeatures(lake, inputs, request);
}
