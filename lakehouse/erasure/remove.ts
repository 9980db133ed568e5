/** Removes for good what lies in the lake of a person besides the published tables. */
import { WatchlakeError } from '../../core/errors';
import { replaceNeedles } from '../../core/needles';
import type { Lake } from '../lake';
import { placesElsewhere } from '../locations';
import { isParquet, scanLake } from './scan';
import type { ScanRequest } from './scan';
import { placesOf } from '../vacuum';

export interface RemoveRequest extends ScanRequest {
  /** What stands in texts instead of the person from now on. */
  readonly instead: string;
  /** Unfinished work that is younger may still be finished. */
  readonly graceMs: number;
}

export interface Removed {
  readonly snapshots: number;
  readonly objects: number;
  readonly bytes: number;
  /** Texts in which the person was replaced, such as reports. */
  readonly rewritten: number;
}

interface Group {
  readonly prefix: string;
  isFinished: boolean;
  newestMs: number;
}

const INGESTS = '/ingests/';

/** Snapshots, and folders of ingests. */
async function groupsOf({ store }: Lake, dataset: string): Promise<Group[]> {
  const groups = new Map<string, Group>();
  for (const { prefix, depth } of placesOf(dataset)) {
    if (prefix.startsWith('refresh/')) continue;
    const end = prefix.split('/').length - 1 + depth;
    for await (const { key, modifiedMs } of store.list(prefix)) {
      const name = `${key.split('/').slice(0, end).join('/')}/`;
      const group = groups.get(name) ?? { prefix: name, isFinished: false, newestMs: 0 };
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

async function supersededGroups(
  lake: Lake,
  { dataset, graceMs }: RemoveRequest,
  holding: readonly string[],
): Promise<Group[]> {
  const pointers = await lake.catalog.list({ dataset });
  const published = new Set(pointers.map(({ prefix }) => prefix));
  const all = (await groupsOf(lake, dataset)).filter(({ prefix }) => !published.has(prefix));
  const chosen = all.filter(
    ({ prefix }) => isLanding(prefix) || holding.some((key) => key.startsWith(prefix)),
  );
  const young = chosen.find(
    ({ isFinished, newestMs, prefix }) =>
      !isFinished && !prefix.includes(INGESTS) && newestMs > Date.now() - graceMs,
  );
  if (young !== undefined) throw new WatchlakeError('ERASURE_WAITS', { what: young.prefix });
  return chosen;
}

const isText = (key: string): boolean => !isParquet(key) && !key.endsWith('.bin');

async function rewriteText({ store }: Lake, key: string, request: RemoveRequest): Promise<void> {
  const text = (await store.get(key)).toString('utf8');
  await store.put(key, replaceNeedles(request.needles, text, request.instead));
  await store.removeOldVersions(key);
}

/** Versions of objects that were removed before, by whomever. */
async function removeOldVersions({ store }: Lake, dataset: string) {
  const places = [...placesOf(dataset).map(({ prefix }) => prefix), ...placesElsewhere(dataset)];
  const total = { objects: 0, bytes: 0 };
  for (const prefix of new Set([...places, `catalog/${dataset}/`])) {
    const { objects, bytes } = await store.removeOldVersions(prefix);
    total.objects += objects;
    total.bytes += bytes;
  }
  return total;
}

/** Repeating it removes what is still there; ERASURE_WAITS while something is being written. */
export async function removeHoldings(lake: Lake, request: RemoveRequest): Promise<Removed> {
  const { dataset, signal } = request;
  const { found } = await scanLake(lake, request);
  const groups = await supersededGroups(lake, request, found);
  const total = { snapshots: 0, objects: 0, bytes: 0, rewritten: 0 };
  for (const { prefix } of groups) {
    signal?.throwIfAborted();
    const { objects, bytes } = await lake.store.removeAllVersions(prefix);
    total.snapshots += 1;
    total.objects += objects;
    total.bytes += bytes;
  }
  const left = found.filter((key) => !groups.some(({ prefix }) => key.startsWith(prefix)));
  for (const key of left.filter(isText)) {
    await rewriteText(lake, key, request);
    total.rewritten += 1;
  }
  const old = await removeOldVersions(lake, dataset);
  await lake.store.sweep(request.graceMs);
  return { ...total, objects: total.objects + old.objects, bytes: total.bytes + old.bytes };
}
