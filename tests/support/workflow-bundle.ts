/** The workflow bundle of the tests: built as for production, once for as long as its sources stay. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PROJECT_ROOT } from '../../core/project-root';
import { buildBundle } from '../../workers/bundle';

const FOLDER = join(PROJECT_ROOT, 'node_modules', '.cache', 'watchlake');
const DAY_MS = 24 * 60 * 60_000;
// Whatever a workflow may import by value, and what decides how it is bundled.
const SOURCES = ['workflows', 'models', 'core'];
const OTHERS = ['workers/bundle.ts', 'package-lock.json'];

function sourcesHash(): string {
  const files = SOURCES.flatMap((folder) =>
    readdirSync(join(PROJECT_ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => join(folder, name)),
  );
  const hash = createHash('sha256');
  for (const file of [...files.sort(), ...OTHERS]) {
    hash
      .update(`${file}\0`)
      .update(readFileSync(join(PROJECT_ROOT, file)))
      .update('\0');
  }
  return hash.digest('hex').slice(0, 16);
}

/** The path of the bundle; test files that run side by side write the same content. */
export async function testBundle(): Promise<string> {
  const path = join(FOLDER, `workflows-${sourcesHash()}.js`);
  if (existsSync(path)) return path;
  const code = await buildBundle();
  await mkdir(FOLDER, { recursive: true });
  const temporary = `${path}.${process.pid}`;
  await writeFile(temporary, code);
  await rename(temporary, path);
  await removeStale();
  return path;
}

/** Bundles of sources that were changed since; a test run may still read one of today. */
async function removeStale(): Promise<void> {
  for (const name of await readdir(FOLDER)) {
    const path = join(FOLDER, name);
    // Another test run may just have renamed or removed it.
    const facts = await stat(path).catch(() => null);
    if (facts === null) continue;
    if (name.startsWith('workflows-') && Date.now() - facts.mtimeMs > DAY_MS)
      await rm(path, { force: true });
  }
}
