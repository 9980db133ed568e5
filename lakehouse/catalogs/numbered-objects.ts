/** A series of JSON objects with rising numbers: writing the next one is how two writers meet. */
import { WatchlakeError, isWatchlakeError } from '../../core/errors';
import { readJsonOrNull, writeJson } from '../json';
import type { Store } from '../ports';

const ATTEMPTS = 20;
const DIGITS = 10;

export interface Numbered<T> {
  readonly number: number;
  readonly value: T;
}

export interface NumberedObjects<T> {
  newest(): Promise<Numbered<T> | null>;
  /** Newest first. */
  all(): Promise<T[]>;
  /** OBJECT_EXISTS when somebody else has the number. Older ones than `kept` go. */
  write(number: number, value: T): Promise<void>;
}

export async function keysUnder(store: Store, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(prefix)) keys.push(key);
  return keys;
}

export function numberedObjects<T>(
  store: Store,
  { folder, kept }: { folder: string; kept: number },
): NumberedObjects<T> {
  const keyOf = (number: number) => `${folder}${String(number).padStart(DIGITS, '0')}.json`;
  const numberOf = (key: string) => Number(key.slice(folder.length, -'.json'.length));

  /** Null when it was pruned between the listing and the reading: then a newer one exists. */
  const readOrNull = (key: string): Promise<T | null> => readJsonOrNull<T>(store, key);

  async function newest(): Promise<Numbered<T> | null> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const key = (await keysUnder(store, folder)).at(-1);
      if (key === undefined) return null;
      const value = await readOrNull(key);
      if (value !== null) return { number: numberOf(key), value };
    }
    throw new WatchlakeError('CATALOG_CONFLICT', { table: folder });
  }

  async function all(): Promise<T[]> {
    const keys = await keysUnder(store, folder);
    const found = await Promise.all(keys.reverse().map(readOrNull));
    return found.filter((value) => value !== null);
  }

  async function write(number: number, value: T): Promise<void> {
    await writeJson(store, keyOf(number), value, { ifAbsent: true });
    const keys = await keysUnder(store, folder);
    for (const key of keys.slice(0, Math.max(0, keys.length - kept))) await store.remove(key);
  }

  return { newest, all, write };
}

export const isTaken = (error: unknown): boolean =>
  isWatchlakeError(error) && error.code === 'OBJECT_EXISTS';
