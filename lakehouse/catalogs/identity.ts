/** Tells one catalogue from another one, whose pointers count from 1 as well: an id that lies in the lake, made once. */
import { randomUUID } from 'node:crypto';
import { readJsonOrNull, writeJson } from '../json';
import type { Store } from '../ports';
import { isTaken } from './numbered-objects';
import { CATALOG_ROOT } from './releases';

const KEY = `${CATALOG_ROOT}/identity.json`;

/** A lake that was moved or copied as a whole keeps it; `kind` tells who keeps the pointers. */
export async function catalogIdentity(store: Store, kind: 'file' | 'glue'): Promise<string> {
  const known = await readJsonOrNull<{ id: string }>(store, KEY);
  if (known !== null) return `${kind}:${known.id}`;
  try {
    await writeJson(store, KEY, { id: randomUUID() }, { ifAbsent: true });
  } catch (error) {
    if (!isTaken(error)) throw error;
  }
  return catalogIdentity(store, kind);
}
