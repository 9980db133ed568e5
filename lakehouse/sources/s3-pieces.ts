/** Downloads an object of S3 piece by piece, and remembers beside the file which pieces are there. */
import { appendFile, open, readFile, rename, rm, stat } from 'node:fs/promises';
import type { Bucket } from '../stores/s3/bucket';
import type { Facts } from '../stores/s3/read';
import { downloadInto } from '../stores/s3/read';

export interface PiecesOptions {
  readonly signal?: AbortSignal;
  readonly onBytes?: (more: number) => void;
}

/** The journal holds for one version of the object: another one has another journal. */
async function readJournal(journal: string, etag: string): Promise<Set<number>> {
  const [of, ...numbers] = (await readFile(journal, 'utf8').catch(() => '')).split('\n');
  if (of === etag) return new Set(numbers.filter(Boolean).map(Number));
  await rm(journal, { force: true });
  await appendFile(journal, `${etag}\n`, { mode: 0o600 });
  return new Set();
}

/** The file appears under its name when it is whole. */
export async function downloadPieces(
  bucket: Bucket,
  key: string,
  facts: Pick<Facts, 'etag' | 'bytes'>,
  target: string,
  { signal, onBytes }: PiecesOptions,
): Promise<void> {
  if ((await stat(target).catch(() => null)) !== null) return onBytes?.(facts.bytes);
  const [half, journal] = [`${target}.half`, `${target}.pieces`];
  const present = await readJournal(journal, facts.etag);
  const file = await open(half, present.size > 0 ? 'r+' : 'w', 0o600);
  try {
    const onPiece = async ({ number, bytes }: { number: number; bytes: number }): Promise<void> => {
      // A piece is noted when the disk has it, not before.
      await file.datasync();
      await appendFile(journal, `${number}\n`);
      onBytes?.(bytes);
    };
    await downloadInto(bucket, key, facts, file, { signal, present, onPiece });
  } finally {
    await file.close();
  }
  await rename(half, target);
  await rm(journal, { force: true });
}
