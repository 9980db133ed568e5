import { createHash, randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { localChunks } from '../../../lakehouse/sources/local-chunks';
import { temporaryFolder } from '../../support/recordings';

const folder = temporaryFolder();

const digest = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

test.each([0, 1, 1024 * 1024 - 1, 1024 * 1024, 3 * 1024 * 1024 + 17])(
  'a file of %i bytes comes whole and in its order, in one piece of memory',
  async (size) => {
    const [bytes, path] = [randomBytes(size), join(folder.path(), 'file')];
    await writeFile(path, bytes);
    const hash = createHash('sha256');
    const memories = new Set<ArrayBufferLike>();
    for await (const chunk of localChunks(path)) {
      hash.update(chunk);
      memories.add(chunk.buffer);
    }
    expect(hash.digest('hex')).toBe(digest(bytes));
    expect(memories.size).toBe(size === 0 ? 0 : 1);
  },
);

test('it ends where it is cancelled, and says what is not there', async () => {
  const path = join(folder.path(), 'file');
  await writeFile(path, randomBytes(2 * 1024 * 1024));
  const cancelled = new AbortController();
  const read = async () => {
    for await (const _ of localChunks(path, { signal: cancelled.signal })) cancelled.abort();
  };
  await expect(read()).rejects.toThrow('aborted');
  await expect(localChunks(join(folder.path(), 'none')).next()).rejects.toThrow('ENOENT');
});
