/** JSON objects in a store. */
import { isWatchlakeError } from '../core/errors';
import type { Store } from './ports';

export async function readJson<T>(store: Store, key: string): Promise<T> {
  return JSON.parse((await store.get(key)).toString('utf8')) as T;
}

/** Null when there is no such object. */
export async function readJsonOrNull<T>(store: Store, key: string): Promise<T | null> {
  try {
    return await readJson<T>(store, key);
  } catch (error) {
    if (isWatchlakeError(error) && error.code === 'OBJECT_NOT_FOUND') return null;
    throw error;
  }
}

export const writeJson = (
  store: Store,
  key: string,
  value: unknown,
  options: { ifAbsent?: boolean } = {},
): Promise<void> => store.put(key, `${JSON.stringify(value, null, 2)}\n`, options);
