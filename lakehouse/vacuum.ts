/** Removes snapshots that nothing refers to any more, and what killed runs left behind. */
import type { Lake } from './lake';
import { ZONES } from './tables';

export interface VacuumRequest {
  readonly dataset: string;
  readonly dryRun: boolean;
  /** Snapshots that model cards and running workflows refer to. */
  readonly keepSnapshotIds: readonly string[];
  /** Besides the catalogue's own snapshots, those of this many of the newest releases stay. */
  readonly keepReleases?: number;
  /** Younger snapshots stay: a refresh may be about to publish them. */
  readonly graceMs?: number;
  readonly signal?: AbortSignal;
  readonly onSnapshot?: () => void;
}

export interface VacuumResult {
  /** `<zone>/<dataset>/<table>/<snapshot>`, or a folder of unfinished work. */
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

/** Objects by snapshot folder, or by ingest. */
async function groupObjects({ store }: Lake, prefix: string): Promise<Map<string, Found>> {
  const groups = new Map<string, Found>();
  for await (const { key, bytes, modifiedMs } of store.list(prefix)) {
    const group = key.split('/').slice(0, 4).join('/');
    const found = groups.get(group) ?? { keys: [], bytes: 0, newestMs: 0 };
    found.keys.push(key);
    found.bytes += bytes;
    found.newestMs = Math.max(found.newestMs, modifiedMs);
    groups.set(group, found);
  }
  return groups;
}

/** The manifest goes first: what is half removed is not a snapshot any more. */
async function removeGroup({ store }: Lake, { keys }: Found): Promise<void> {
  const manifests = keys.filter((key) => key.endsWith('/manifest.json'));
  const others = keys.filter((key) => !key.endsWith('/manifest.json'));
  for (const key of [...manifests, ...others]) await store.remove(key);
}

/** Never removes what the catalogue, a kept release or a passed reference names. */
export async function vacuum(lake: Lake, request: VacuumRequest): Promise<VacuumResult> {
  const { dataset, dryRun, signal, onSnapshot, graceMs = DEFAULTS.graceMs } = request;
  // The objects are listed before the references are read: what is published in between is kept.
  const prefixes = [...ZONES.map((zone) => `${zone}/${dataset}/`), `refresh/${dataset}/`];
  const groups: [string, Found][] = [];
  for (const prefix of prefixes) groups.push(...(await groupObjects(lake, prefix)));
  const keep = await referenced(lake, request);
  const beforeMs = Date.now() - graceMs;

  const removed: string[] = [];
  let freed = 0;
  for (const [group, found] of groups) {
    signal?.throwIfAborted();
    const name = group.split('/').at(-1) as string;
    if (keep.has(name) || found.newestMs > beforeMs) continue;
    if (!dryRun) await removeGroup(lake, found);
    removed.push(group);
    freed += found.bytes;
    onSnapshot?.();
  }
  if (!dryRun) freed += (await lake.store.sweep(graceMs)).bytes;
  return { removed, bytes: freed };
}
