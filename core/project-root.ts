/** Where the project's own files lie, whether it runs from source or from dist/. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

function findRoot(from: string): string {
  const manifest = join(from, 'package.json');
  if (existsSync(manifest)) {
    const { name } = JSON.parse(readFileSync(manifest, 'utf8')) as { name?: string };
    if (name === 'watchlake') return from;
  }
  const parent = dirname(from);
  if (parent === from) throw new Error('package.json of watchlake was not found');
  return findRoot(parent);
}

export const PROJECT_ROOT = findRoot(__dirname);
