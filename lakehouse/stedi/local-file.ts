/** A file of a source as a local file, which DuckDB can read. */
import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { DuckdbSession } from '../engines/duckdb-session';
import type { Source } from '../sources/source';
import { MARK_BYTES, utf16Refusal } from '../sources/utf8';

/** Its stream is not opened, which would refuse it. */
async function refuseLocalUtf16(path: string, member: string): Promise<void> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(MARK_BYTES));
    const refusal = utf16Refusal(member, buffer.subarray(0, bytesRead));
    if (refusal !== null) throw refusal;
  } finally {
    await file.close();
  }
}

/** The member itself, or a copy that is gone with the session; FILE_IN_UTF16. */
export async function localFile(
  { scratch }: DuckdbSession,
  source: Source,
  member: string,
  signal?: AbortSignal,
): Promise<string> {
  const own = source.pathOf?.(member) ?? null;
  if (own !== null) {
    await refuseLocalUtf16(own, member);
    return own;
  }
  const copy = join(scratch, `${randomBytes(4).toString('hex')}.json`);
  await pipeline(await source.open(member), createWriteStream(copy), { signal });
  return copy;
}
