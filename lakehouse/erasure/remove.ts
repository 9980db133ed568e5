/** Removes for good what lies in the lake of a person besides the published tables. */
import { isWatchlakeError } from '../../core/errors';
import { replaceNeedles } from '../../core/needles';
import type { Lake } from '../lake';
import { placesElsewhere } from '../locations';
import type { Store } from '../ports';
import { withChangedNames } from './documents';
import { isParquet, scanLake } from './scan';
import type { ScanRequest } from './scan';
import { replaceShortKeys } from './short-keys';
import { supersededGroups } from './superseded';
import { placesOf } from '../places';

export interface RemoveRequest extends ScanRequest {
  /** What stands in texts instead of the person from now on. */
  readonly instead: string;
  /** Unfinished work that is younger may still be finished. */
  readonly graceMs: number;
  /** ISO time. Runs that began before it have ended, later ones leave the person out. */
  readonly since?: string;
}

export interface Removed {
  readonly snapshots: number;
  readonly objects: number;
  readonly bytes: number;
  /** Texts in which the person was replaced, such as reports. */
  readonly rewritten: number;
}

const isText = (key: string): boolean => !isParquet(key) && !key.endsWith('.bin');

async function textOrNull(store: Store, key: string): Promise<string | null> {
  try {
    return (await store.get(key)).toString('utf8');
  } catch (error) {
    if (isWatchlakeError(error) && error.code === 'OBJECT_NOT_FOUND') return null;
    throw error;
  }
}

/** Whether it was still there, and held the person. */
async function rewriteText({ store }: Lake, key: string, request: RemoveRequest): Promise<boolean> {
  const text = await textOrNull(store, key);
  if (text === null) return false;
  const { needles, instead } = request;
  const named = withChangedNames(key, text, (part) => replaceNeedles(needles, part, instead));
  const replaced = replaceShortKeys(key, named, needles, instead);
  if (replaced === text) return false;
  await store.put(key, replaced);
  await store.removeOldVersions(key);
  return true;
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
  const { graceMs, signal } = request;
  const { found } = await scanLake(lake, request);
  const groups = await supersededGroups(lake, { ...request, holding: found });
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
    if (await rewriteText(lake, key, request)) total.rewritten += 1;
  }
  const old = await removeOldVersions(lake, request.dataset);
  await lake.store.sweep(graceMs);
  return { ...total, objects: total.objects + old.objects, bytes: total.bytes + old.bytes };
}
