/** Removes snapshots that nothing refers to any more, and what killed runs left behind. */
import type { Lake } from './lake';
import { placesElsewhere } from './locations';
import { ZONES } from './tables';

export interface VacuumRequest {
  readonly dataset: string;
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
  readonly keys: string[];
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

/** Where snapshots and unfinished work of the dataset lie, and how many folders down. */
export const placesOf = (dataset: string): { prefix: string; depth: number }[] => [
  ...ZONES.map((zone) => ({ prefix: `${zone}/${dataset}/`, depth: 2 })),
  { prefix: `refresh/${dataset}/`, depth: 1 },
  { prefix: `jobs/${dataset}/`, depth: 1 },
  ...placesElsewhere(dataset).map((prefix) => ({ prefix, depth: 1 })),
];

/** Objects by snapshot folder, or by ingest. */
async function groupObjects(
  { store }: Lake,
  { prefix, depth }: { prefix: string; depth: number },
): Promise<Map<string, Found>> {
  const groups = new Map<string, Found>();
  const end = prefix.split('/').length - 1 + depth;
  for await (const { key, bytes, modifiedMs } of store.list(prefix)) {
    const group = key.split('/').slice(0, end).join('/');
    const found = groups.get(group) ?? { keys: [], bytes: 0, newestMs: 0 };
    found.keys.push(key);
    found.bytes += bytes;
    found.newestMs = Math.max(found.newestMs, modifiedMs);
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
async function removeGroup({ store }: Lake, { keys }: Found): Promise<boolean> {
  const references = keys.filter((key) => !isData(key));
  for (const key of references) await store.remove(key);
  let retired = false;
  for (const key of keys.filter(isData)) retired = (await store.retire(key)) || retired;
  return retired || references.length > 0;
}

/** Never removes what the catalogue, a kept release or a passed reference names. */
export async function vacuum(lake: Lake, request: VacuumRequest): Promise<VacuumResult> {
  const { dataset, dryRun, signal, onSnapshot, graceMs = DEFAULTS.graceMs } = request;
  // The objects are listed before the references are read: what is published in between is kept.
  const groups: [string, Found][] = [];
  for (const place of placesOf(dataset)) groups.push(...(await groupObjects(lake, place)));
  const keep = await referenced(lake, request);
  const beforeMs = Date.now() - graceMs;

  const removed: string[] = [];
  let freed = 0;
  for (const [group, found] of groups) {
    signal?.throwIfAborted();
    const name = group.split('/').at(-1) as string;
    if (keep.has(name) || found.newestMs > beforeMs) continue;
    if (await isUsedAgain(lake, group, beforeMs)) continue;
    if (!dryRun && !(await removeGroup(lake, found))) continue;
    removed.push(group);
    freed += found.bytes;
    onSnapshot?.();
  }
  if (!dryRun) freed += (await lake.store.sweep(graceMs)).bytes;
  return { removed, bytes: freed };
}
