/** The key that people's pseudonyms are made with: given, or random and kept in the home. */
import { randomBytes } from 'node:crypto';
import { link, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { WatchlakeError } from '../core/errors';
import { makePrivateFolder, siblingOf } from '../stack/files';
import type { Config } from './config';

/** The first process that needs a key makes it; all others find it. Throws KEY_LOST: with an empty one anybody could make the pseudonyms. */
export async function pseudonymKey(config: Config): Promise<string> {
  if (config.WATCHLAKE_PSEUDONYM_KEY) return config.WATCHLAKE_PSEUDONYM_KEY;
  const folder = join(config.WATCHLAKE_HOME, 'secrets');
  const file = join(folder, 'pseudonym-key');
  await makePrivateFolder(folder);
  // By a random name: containers that share the home have the same process id.
  const candidate = siblingOf(file, 'candidate');
  const made = `${randomBytes(32).toString('hex')}\n`;
  await writeFile(candidate, made, { mode: 0o600, flush: true });
  try {
    await link(candidate, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await rm(candidate);
  }
  const key = (await readFile(file, 'utf8')).trim();
  if (key === '') throw new WatchlakeError('KEY_LOST', { file });
  return key;
}
