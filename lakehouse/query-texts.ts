/** Texts of queries on Athena, which lie in the lake while their runs need them: they may name people. */
import type { Store } from './ports';

const FOLDER = 'queries/';

export const queryTextKey = (id: string): string => `${FOLDER}${id}.sql`;

/** Those from before this moment, of runs that were terminated or never began: a run that ends removes its own. */
export async function removeQueryTexts(store: Store, beforeMs: number): Promise<number> {
  const old: { key: string; bytes: number }[] = [];
  for await (const each of store.list(FOLDER)) if (each.modifiedMs <= beforeMs) old.push(each);
  for (const { key } of old) await store.remove(key);
  return old.reduce((sum, { bytes }) => sum + bytes, 0);
}
