/** JSON objects in a store. */
import type { Store } from './ports';

export async function readJson<T>(store: Store, key: string): Promise<T> {
  return JSON.parse((await store.get(key)).toString('utf8')) as T;
}

export const writeJson = (
  store: Store,
  key: string,
  value: unknown,
  options: { ifAbsent?: boolean } = {},
): Promise<void> => store.put(key, `${JSON.stringify(value, null, 2)}\n`, options);
