/** The key that people's pseudonyms are made with: given, or random and kept in the home. */
import { randomBytes } from 'node:crypto';
import { link, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makePrivateFolder, siblingOf } from '../stack/files';
import type { Config } from './config';

/** The first process that needs a key makes it; all others find it. */
export async function pseudonymKey(config: Config): Promise<string> {
  if (config.WATCHLAKE_PSEUDONYM_KEY) return config.WATCHLAKE_PSEUDONYM_KEY;
  const folder = join(config.WATCHLAKE_HOME, 'secrets');
  const file = join(folder, 'pseudonym-key');
  await makePrivateFolder(folder);
  // By a random name: containers that share the home have the same process id.
  const candidate = siblingOf(file, 'candidate');
  await writeFile(candidate, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600 });
  try {
    await link(candidate, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await rm(candidate);
  }
  return (await readFile(file, 'utf8')).trim();
}
