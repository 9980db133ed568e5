/** A file of a source as a local file, which DuckDB can read. */
import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { DuckdbSession } from '../engines/duckdb-session';
import type { Source } from '../sources/source';

/** The member itself, or a copy that is gone with the session. */
export async function localFile(
  { scratch }: DuckdbSession,
  source: Source,
  member: string,
  signal?: AbortSignal,
): Promise<string> {
  const own = source.pathOf?.(member) ?? null;
  if (own !== null) return own;
  const copy = join(scratch, `${randomBytes(4).toString('hex')}.json`);
  await pipeline(await source.open(member), createWriteStream(copy), { signal });
  return copy;
}
