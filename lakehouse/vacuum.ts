/** Removes snapshots that nothing refers to any more, and what killed runs left behind. */
import { worksUntilMs } from './engines/jobs/unanswered';
import type { Lake } from './lake';
import { locationsOf } from './locations';
import type { Place } from './places';
import { ownObjects, placesOf, tablePlace, workPlacesOf } from './places';
import type { StoredObject } from './ports';

export interface VacuumRequest {
  readonly dataset: string;
  /** Only snapshots of this table. */
  readonly table?: string;
  readonly dryRun: boolean;
  /** Snapshots that model cards refer to. */
  readonly keepSnapshotIds: readonly string[];
  /** Besides the catalogue's own snapshots, those of this many of the newest releases stay. */
  readonly keepReleases?: number;
  /**
   * What was written or last used less long ago stays: a refresh may be about to publish it, and who
   * has begun to read what was published then may read it still.
   */
  readonly graceMs?: number;
  readonly signal?: AbortSignal;
  readonly onSnapshot?: () => void;
}

export interface VacuumResult {
  /** Prefix of a snapshot without its last slash, or a folder of unfinished work. */
  readonly removed: string[];
  readonly bytes: number;
}

const DEFAULTS = { keepReleases: 3, graceMs: 60 * 60 * 1000 };

interface Found {
  readonly objects: StoredObject[];
  bytes: number;
  newestMs: number;
}

async function referenced(
  { catalog }: Lake,
  { dataset, keepSnapshotIds, keepReleases = DEFAULTS.keepReleases }: VacuumRequest,
): Promise<Set<string>> {
  const pointers = await catalog.list({ dataset });
  const releases = (await catalog.releases({ dataset })).slice(0, keepReleases);
  return new Set([
    ...keepSnapshotIds,
    ...pointers.map(({ snapshotId }) => snapshotId),
    ...releases.flatMap(({ snapshots }) => Object.values(snapshots)),
  ]);
}

/** Of a dataset that this catalogue does not know the snapshots stay: another one may. */
async function visitedPlaces(
  { catalog }: Lake,
  { dataset, table }: VacuumRequest,
): Promise<Place[]> {
  const known = await catalog.list({ dataset });
  if (table !== undefined) {
    const isPublished = known.some((pointer) => pointer.table === table);
    const prefixes = isPublished ? locationsOf({ dataset, table }) : [];
    return prefixes.map((prefix) => tablePlace(prefix));
  }
  return known.length > 0 ? placesOf(dataset) : workPlacesOf(dataset);
}

/** Objects by snapshot folder, or by ingest. */
async function groupObjects({ store }: Lake, place: Place): Promise<Map<string, Found>> {
  const groups = new Map<string, Found>();
  for await (const { folder: group, object } of ownObjects(store, place)) {
    const found = groups.get(group) ?? { objects: [], bytes: 0, newestMs: 0 };
    found.objects.push(object);
    found.bytes += object.bytes;
    found.newestMs = Math.max(found.newestMs, object.modifiedMs);
    groups.set(group, found);
  }
  return groups;
}

/** Looked at again: a run may have begun to build upon the snapshot since the listing. */
async function isUsedAgain({ store }: Lake, group: string, beforeMs: number): Promise<boolean> {
  for await (const { key, modifiedMs } of store.list(group)) {
    if (modifiedMs > beforeMs && (key === group || key.startsWith(`${group}/`))) return true;
  }
  return false;
}

const isData = (key: string): boolean => key.endsWith('.parquet');

/**
 * Whether there was anything left to remove. What refers to data goes first: what is half removed is
 * not a snapshot any more. Only data may stay for a while: nobody finds them by their names.
 */
async function removeGroup({ store }: Lake, { objects }: Found): Promise<boolean> {
  const keys = objects.map(({ key }) => key);
  const references = keys.filter((key) => !isData(key));
  for (const key of references) await store.remove(key);
  let retired = false;
  for (const key of keys.filter(isData)) retired = (await store.retire(key)) || retired;
  return retired || references.length > 0;
}

/** Whether there is anything left to remove: what was given up may stay listed for days. */
async function isLeft({ store }: Lake, { objects }: Found): Promise<boolean> {
  const keys = objects.map(({ key }) => key);
  if (!keys.every(isData)) return true;
  for (const key of keys) if (!(await store.isRetired(key))) return true;
  return false;
}

/** Never removes what the catalogue, a kept release or a passed reference names. */
export async function vacuum(lake: Lake, request: VacuumRequest): Promise<VacuumResult> {
  const { dryRun, signal, onSnapshot, graceMs = DEFAULTS.graceMs } = request;
  // Counted from here: to list a large lake takes minutes, and the first uses of a long run would be over by then.
  const beforeMs = Date.now() - graceMs;
  // The objects are listed before the references are read: what is published in between is kept.
  const groups: [string, Found][] = [];
  for (const place of await visitedPlaces(lake, request)) {
    groups.push(...(await groupObjects(lake, place)));
  }
  const keep = await referenced(lake, request);

  const removed: string[] = [];
  let freed = 0;
  for (const [group, found] of groups) {
    signal?.throwIfAborted();
    const name = group.split('/').at(-1) as string;
    if (keep.has(name) || found.newestMs > beforeMs) continue;
    // Nobody need wait for what works: whose run was terminated, the next refresh adopts.
    if (worksUntilMs(found.objects, lake.jobMs) > beforeMs) continue;
    if (await isUsedAgain(lake, group, beforeMs)) continue;
    if (!(await (dryRun ? isLeft : removeGroup)(lake, found))) continue;
    removed.push(group);
    freed += found.bytes;
    onSnapshot?.();
  }
  return { removed, bytes: freed };
}
