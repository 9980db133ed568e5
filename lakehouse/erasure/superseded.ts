/** Which snapshots and unfinished work an erasure removes as a whole: never what somebody is about to publish. */
import { WatchlakeError } from '../../core/errors';
import type { Lake } from '../lake';
import { ERASURE, ingestFolder, ingestsFolder } from '../landing/ingest-folder';
import { readManifest } from '../read-manifest';
import type { VersionedPointer } from '../ports';
import { folderIn, isOurs, placesOf } from '../places';

export interface Group {
  readonly prefix: string;
  /** Whether our writers name folders so; somebody else's goes only when it holds the person. */
  readonly isOurs: boolean;
  isFinished: boolean;
  newestMs: number;
}

interface SupersededRequest {
  readonly dataset: string;
  /** Keys of objects that hold the person. */
  readonly holding: readonly string[];
  /** Unfinished work that is younger may still be finished. */
  readonly graceMs: number;
  /** ISO time. Runs that began before it have ended, later ones leave the person out. Without it there are none of those. */
  readonly since?: string;
}

/** Snapshots, and folders of ingests. */
async function groupsOf({ store }: Lake, dataset: string): Promise<Group[]> {
  const groups = new Map<string, Group>();
  for (const place of placesOf(dataset)) {
    const { prefix } = place;
    if (prefix.startsWith('refresh/')) continue;
    for await (const { key, modifiedMs } of store.list(prefix)) {
      const folder = folderIn(place, key);
      const name = `${folder}/`;
      const group = groups.get(name) ?? {
        ...{ prefix: name, isOurs: isOurs(place, folder, key) },
        ...{ isFinished: false, newestMs: 0 },
      };
      group.isFinished ||= key === `${name}manifest.json`;
      group.newestMs = Math.max(group.newestMs, modifiedMs);
      groups.set(name, group);
    }
  }
  return [...groups.values()];
}

/** What was landed before is superseded as a whole: the person is in all of it, or may be. */
const isLanding = (prefix: string): boolean =>
  prefix.startsWith('landing/') || /(^|\/)landing\/[^/]+\/$/.test(prefix);

/** Whether nothing was published of the table since it was finished: who has finished it may do so. */
async function isNext(
  { store }: Lake,
  { prefix }: Group,
  pointers: readonly VersionedPointer[],
): Promise<boolean> {
  const manifest = await readManifest(store, prefix);
  if (manifest === null) return false;
  const pointer = pointers.find(({ table }) => table === manifest.table);
  if (pointer === undefined) return isLanding(prefix);
  return manifest.createdAt > pointer.publishedAt;
}

const isIngest = ({ prefix }: Group, dataset: string): boolean =>
  prefix.startsWith(ingestsFolder(dataset));

// A store may tell times by whole seconds, and its clock may be a little behind: that of a file
// system advances with the kernel's ticks alone.
const SECOND_MS = 1_000;
const BEHIND_MS = 1_000;

/** Whether a run that has begun later may work in the folder: an ingest that has planned there, a table that is being written. */
function worksIn({ dataset, since }: SupersededRequest): (group: Group) => boolean {
  if (since === undefined) return () => false;
  const own = ingestFolder({ dataset, ingestId: ERASURE });
  const sinceMs = Math.floor((Date.parse(since) - BEHIND_MS) / SECOND_MS) * SECOND_MS;
  return (group) =>
    (isIngest(group, dataset) ? group.prefix !== own : !group.isFinished) &&
    group.newestMs >= sinceMs;
}

/** ERASURE_WAITS while something is being written, or about to be published. */
export async function supersededGroups(lake: Lake, request: SupersededRequest): Promise<Group[]> {
  const { dataset, holding, graceMs } = request;
  // The objects are listed before the pointers are read: what is published in between is kept.
  const all = await groupsOf(lake, dataset);
  const pointers = await lake.catalog.list({ dataset });
  const published = new Set(pointers.map(({ prefix }) => prefix));
  const isWorkedIn = worksIn(request);
  const goes = (group: Group): boolean =>
    (group.isOurs && isLanding(group.prefix) && !isWorkedIn(group)) ||
    holding.some((key) => key.startsWith(group.prefix));
  const isAwaited = async (group: Group): Promise<boolean> =>
    isIngest(group, dataset)
      ? isWorkedIn(group)
      : !group.isFinished || (await isNext(lake, group, pointers));
  const chosen = all.filter((group) => !published.has(group.prefix) && goes(group));
  const youngSince = Date.now() - graceMs;
  for (const group of chosen.filter(({ newestMs }) => newestMs > youngSince)) {
    if (await isAwaited(group)) throw new WatchlakeError('ERASURE_WAITS', { what: group.prefix });
  }
  return chosen;
}
