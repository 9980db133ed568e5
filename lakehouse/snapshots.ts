/** Write, check: a snapshot can be published only after its balance and its checks have passed. */
import { WatchlakeError } from '../core/errors';
import { counted } from '../core/figures';
import { writeJson } from './json';
import type { Lake } from './lake';
import { noteUse } from './last-use';
import { locationOf, locationsOf } from './locations';
import type { DataFile, SnapshotManifest } from './manifest';
import { manifestKey } from './manifest';
import { readManifest } from './read-manifest';
import type { BuildOutcome, Relation } from './ports';
import type { TableDeclaration } from './tables';
import { checksOf, recipeHash, snapshotId } from './tables';
import { unknownTable } from './unknown-names';

export interface SnapshotRequest {
  readonly table: TableDeclaration;
  /** Snapshot id or another content hash, by input. */
  readonly inputs: Readonly<Record<string, string>>;
  /** Tables that the checks read besides the new one. */
  readonly relations?: Readonly<Record<string, Relation>>;
  readonly signal?: AbortSignal;
  /** Writes the files under the prefix; what it leaves behind when it fails is removed later. */
  readonly write: (prefix: string) => Promise<WrittenSnapshot>;
}

export interface WrittenSnapshot extends BuildOutcome {
  readonly facts?: Record<string, unknown>;
  /** Of the files those that a published snapshot of the table has had checked by the same rules. */
  readonly checkedBefore?: readonly DataFile[];
}

export interface Snapshot {
  readonly manifest: SnapshotManifest;
  readonly reused: boolean;
}

const total = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((sum, n) => sum + n, 0);

/** How many rows of the driving input are neither in the table nor accounted for. */
export const imbalance = (
  outcome: Pick<BuildOutcome, 'inputRows' | 'usedRows' | 'quarantined' | 'dropped'>,
): number =>
  Math.abs(
    outcome.inputRows - outcome.usedRows - total(outcome.quarantined) - total(outcome.dropped),
  );

const filesOf = ({ files, quarantineFiles }: Pick<BuildOutcome, 'files' | 'quarantineFiles'>) => [
  ...files,
  ...quarantineFiles,
];

/** Files of a job stay: another attempt may have adopted the same one, and vacuum removes what nobody has. */
async function removeFiles({ store }: Lake, { job, ...outcome }: BuildOutcome): Promise<void> {
  if (job !== undefined) return;
  for (const { key } of filesOf(outcome)) await store.remove(key);
}

/** What is personal in an input is so in a curated table as well, whatever its own declaration says. */
function personalCheck(
  { zone, columns }: TableDeclaration,
  relations: Readonly<Record<string, Relation>> = {},
): SnapshotManifest['checks'] {
  if (zone !== 'curated') return [];
  const known = Object.values(relations).flatMap((relation) => relation.columns);
  const personal = new Set(known.filter((each) => each.personal).map(({ name }) => name));
  const offending = columns.filter((each) => each.personal || personal.has(each.name)).length;
  return [{ name: 'no-personal-column', offending }];
}

async function runChecks(
  { engine }: Lake,
  { table, relations, signal }: SnapshotRequest,
  outcome: WrittenSnapshot,
): Promise<SnapshotManifest['checks']> {
  const checkedBefore = new Set(outcome.checkedBefore);
  const files = outcome.files.filter((file) => !checkedBefore.has(file));
  const made: Relation = { columns: table.columns, files };
  const checked =
    outcome.checked ??
    (await engine.check({
      relations: { ...relations, [table.name]: made },
      checks: checksOf(table),
      signal,
    }));
  const held = outcome.files.reduce((sum, { rows }) => sum + rows, 0);
  return [
    { name: 'balance', offending: imbalance(outcome) },
    { name: 'files-hold-the-rows', offending: Math.abs(outcome.rows - held) },
    ...personalCheck(table, relations),
    ...checked,
  ];
}

function refuseBroken(table: TableDeclaration, checks: SnapshotManifest['checks']): void {
  const broken = checks.filter(({ offending }) => offending > 0);
  if (broken.length === 0) return;
  throw new WatchlakeError('CHECK_FAILED', {
    table: table.name,
    dataset: table.dataset,
    broken: broken
      .map(({ name, offending }) => `${name} (${counted(offending, 'row')})`)
      .join(', '),
  });
}

/** One that exists. It may be about to be vacuumed unless it is published: then this use keeps it. */
async function findReusable(
  { store, catalog }: Lake,
  { dataset, name: table }: TableDeclaration,
  prefix: string,
): Promise<SnapshotManifest | null> {
  const existing = await readManifest(store, prefix);
  if (existing === null) return null;
  const published = await catalog.pointer({ dataset, table });
  if (published?.prefix === prefix) return existing;
  await noteUse(store, prefix);
  return readManifest(store, prefix);
}

interface Made {
  readonly snapshotId: string;
  readonly prefix: string;
  readonly written: WrittenSnapshot;
}

/** Of what passes its checks; the files of what does not are removed. */
async function checkedManifest(
  lake: Lake,
  request: SnapshotRequest,
  { written, ...made }: Made,
): Promise<SnapshotManifest> {
  const { table, inputs } = request;
  const { facts = {}, checkedBefore, checked, ...outcome } = written;
  try {
    const checks = await runChecks(lake, request, { ...outcome, checkedBefore, checked });
    refuseBroken(table, checks);
    return {
      formatVersion: 1,
      dataset: table.dataset,
      table: table.name,
      zone: table.zone,
      ...made,
      createdAt: new Date().toISOString(),
      inputs,
      recipeHash: recipeHash(table),
      engine: lake.engine.name,
      columns: table.columns,
      ...outcome,
      checks,
      facts,
    };
  } catch (error) {
    await removeFiles(lake, outcome);
    throw error;
  }
}

// Twins that share a job have the same files, and manifests of their own.
const isSame = (one: SnapshotManifest, other: SnapshotManifest): boolean =>
  JSON.stringify(one) === JSON.stringify(other);

/** Writes the manifest, unless a twin of this run was faster: then its files count, and ours are removed. */
async function settle(lake: Lake, prefix: string, manifest: SnapshotManifest): Promise<Snapshot> {
  try {
    await writeJson(lake.store, manifestKey(prefix), manifest, { ifAbsent: true });
    return { manifest, reused: false };
  } catch (error) {
    // A write that failed may have been done; where nobody can tell, the files are left to vacuum.
    const settled = await readManifest(lake.store, prefix).catch(() => {
      throw error;
    });
    if (settled !== null && isSame(settled, manifest)) return { manifest, reused: false };
    await removeFiles(lake, manifest);
    if (settled === null) throw error;
    return { manifest: settled, reused: true };
  }
}

/** The snapshot of these inputs and this declaration: the one that exists, or a new one. */
export async function ensureSnapshot(lake: Lake, request: SnapshotRequest): Promise<Snapshot> {
  const { table, inputs } = request;
  const id = snapshotId({ table, inputs, engine: lake.engine.name });
  const prefix = `${locationOf(table)}${id}/`;
  const existing = await findReusable(lake, table, prefix);
  if (existing !== null) return { manifest: existing, reused: true };
  const written = await request.write(prefix);
  const made = { snapshotId: id, prefix, written };
  return settle(lake, prefix, await checkedManifest(lake, request, made));
}

interface SnapshotName {
  readonly dataset: string;
  readonly table: string;
  readonly snapshotId?: string;
}

/** Where the manifest may lie. */
async function prefixesOf(lake: Lake, { snapshotId: id, ...of }: SnapshotName): Promise<string[]> {
  if (id !== undefined) return locationsOf(of).map((location) => `${location}${id}/`);
  const pointer = await lake.catalog.pointer(of);
  if (pointer === null) throw await unknownTable(lake, of);
  return [pointer.prefix];
}

/**
 * The published snapshot of a table, or the one named; TABLE_NOT_FOUND when there is none, DATASET_NOT_FOUND when
 * nothing of the dataset is published.
 */
export async function findManifest(lake: Lake, of: SnapshotName): Promise<SnapshotManifest> {
  const { dataset, table, snapshotId: id } = of;
  for (const prefix of await prefixesOf(lake, of)) {
    const manifest = await readManifest(lake.store, prefix);
    if (manifest !== null) return manifest;
  }
  throw new WatchlakeError('TABLE_NOT_FOUND', { dataset, table, snapshotId: id });
}

/** The published snapshot, or null when the table was never published. */
export async function findManifestOrNull(
  lake: Lake,
  of: { dataset: string; table: string },
): Promise<SnapshotManifest | null> {
  return (await lake.catalog.pointer(of)) === null ? null : findManifest(lake, of);
}

/** The snapshot under a location that was finished last, whatever the catalogue says; null when there is none. */
export async function newestManifest(
  { store }: Lake,
  location: string,
): Promise<SnapshotManifest | null> {
  let newest: SnapshotManifest | null = null;
  for await (const { key } of store.list(location)) {
    const rest = key.slice(location.length).split('/');
    if (rest.length !== 2 || rest[1] !== 'manifest.json') continue;
    const manifest = await readManifest(store, `${location}${rest[0]}/`);
    if (manifest !== null && manifest.createdAt > (newest?.createdAt ?? '')) newest = manifest;
  }
  return newest;
}
