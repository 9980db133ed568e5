/** The version of the code, as it goes into model cards, reports and health answers. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT_ROOT } from './project-root';

const manifest = JSON.parse(readFileSync(join(PROJECT_ROOT, 'package.json'), 'utf8')) as {
  version: string;
};

export const CODE_VERSION = manifest.version;

const STAMP = join(PROJECT_ROOT, 'dist', 'built.json');

/** Version and build: between two releases the version alone does not tell two builds apart. */
export function buildVersion(stamp = STAMP): string {
  if (!existsSync(stamp)) return CODE_VERSION;
  const { sources } = JSON.parse(readFileSync(stamp, 'utf8')) as { sources: string };
  return `${CODE_VERSION}+${sources.slice(0, 8)}`;
}
