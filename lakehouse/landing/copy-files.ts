/** Takes files of earlier work into a snapshot. */
import { randomBytes } from 'node:crypto';
import type { Lake } from '../lake';
import type { DataFile } from '../manifest';

/** A snapshot is complete under its own prefix: older files are copied, which links them. */
export async function copyFiles(
  { store }: Lake,
  files: readonly DataFile[],
  prefix: string,
  onFile?: () => void,
): Promise<DataFile[]> {
  const copied: DataFile[] = [];
  // A twin of this run must not find its files removed when this one gives up.
  const attempt = randomBytes(4).toString('hex');
  for (const [index, file] of files.entries()) {
    const key = `${prefix}${attempt}/${String(index).padStart(6, '0')}.parquet`;
    await store.copy(file.key, key);
    copied.push({ ...file, key });
    onFile?.();
  }
  return copied;
}
