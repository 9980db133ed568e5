/** Tells a file by its first bytes: one that is no zip, where people often give such a one, and one that is compressed. */
import { open } from 'node:fs/promises';

// The mark of a tar lies behind the name, the rights and the sum of its first member.
const TAR_AT = 257;
const HEAD_BYTES = 512;

const GZIP = Buffer.from([0x1f, 0x8b]);

const MARKS: readonly { what: string; at: number; bytes: Buffer }[] = [
  { what: 'a tar', at: TAR_AT, bytes: Buffer.from('ustar') },
  { what: 'compressed with gzip, such as a .tar.gz', at: 0, bytes: GZIP },
  { what: 'compressed with bzip2, such as a .tar.bz2', at: 0, bytes: Buffer.from('BZh') },
  { what: 'compressed with xz', at: 0, bytes: Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0]) },
  { what: 'a 7z archive', at: 0, bytes: Buffer.from([0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c]) },
  { what: 'a RAR archive', at: 0, bytes: Buffer.from('Rar!') },
];

async function headOf(path: string): Promise<Buffer> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

export const beginsAsGzip = async (path: string): Promise<boolean> =>
  (await headOf(path)).subarray(0, GZIP.length).equals(GZIP);

/** What it is, and what to do; null for files of a kind that is not known. */
export async function otherArchive(path: string): Promise<string | null> {
  const head = await headOf(path).catch(() => Buffer.alloc(0));
  const kind = MARKS.find(({ at, bytes }) => head.subarray(at, at + bytes.length).equals(bytes));
  return kind === undefined
    ? null
    : `it is ${kind.what}, and no zip: unpack it and give the folder`;
}
