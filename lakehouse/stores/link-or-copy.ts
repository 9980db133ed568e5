/** A second name for a file's content. */
import { constants } from 'node:fs';
import { copyFile, link } from 'node:fs/promises';

const NO_LINKS = ['EPERM', 'EXDEV', 'ENOTSUP', 'EMLINK'];

/** A hard link, or a copy where the file system has none; EEXIST when the name is taken. */
export async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    if (!NO_LINKS.includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    await copyFile(from, to, constants.COPYFILE_EXCL);
  }
}
