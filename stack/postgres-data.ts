/** PostgreSQL's data folder: where it lies, its password, its first set-up and its repair. */
import { randomBytes } from 'node:crypto';
import { chmod, chown, mkdir, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { WatchlakeError } from '../core/errors';
import { contentHash } from '../core/hash';
import {
  exists,
  makePrivateFolder,
  readTextIfPresent,
  removeSiblings,
  siblingOf,
  writeFileAtomically,
} from './files';
import { SYSTEM_FOLDER } from './postgres-binaries';
import { hasArguments, processIdentity, stopProcess } from './processes';
import type { OnProgress } from './progress';
import { canReach, unprivilegedUser, type SystemUser } from './system-user';
import { runTool } from './tools';

export const DATABASE_USER = 'watchlake';
const POSTGRES_MAJOR = '18';

const INIT_LIMIT_MS = 120_000;

export interface DataOptions {
  readonly home: string;
  readonly programs: string;
  readonly user: SystemUser | undefined;
  readonly onProgress?: OnProgress;
}

/**
 * In the home; in a system folder when the database's user cannot reach the home. Data that lie in the home stay there, also when it was
 * closed since: others would be empty. It only looks: nothing is made.
 */
export async function dataParent({ home, user }: Pick<DataOptions, 'home' | 'user'>) {
  const inside = join(home, 'postgres');
  if (!user) return inside;
  const outside = join(SYSTEM_FOLDER, contentHash(await realpath(home)), 'postgres');
  if (await exists(outside)) return outside;
  return (await exists(join(inside, 'data'))) || (await canReach(user, home)) ? inside : outside;
}

const ROOT = 0;

/**
 * Who the server runs as: whoever owns the data that are there, for it takes no others, be they of another machine's backup or made before
 * an account was added. What belongs to root, as after a copy, is given to the usual user. Undefined when we are not root.
 */
export async function databaseUser(home: string): Promise<SystemUser | undefined> {
  const usual = await unprivilegedUser();
  if (!usual || !(await exists(home))) return usual;
  const data = join(await dataParent({ home, user: usual }), 'data');
  if (!(await exists(data))) return usual;
  const { uid, gid } = await stat(data);
  if (uid === usual.uid) return usual;
  if (uid !== ROOT) return { name: String(uid), uid, gid };
  const owner = `${usual.uid}:${usual.gid}`;
  await runTool({ command: 'chown', args: ['-hR', owner, data], timeoutMs: INIT_LIMIT_MS });
  return usual;
}

/** Throws STACK_FAILED where a folder on the way has been closed since the data were made. */
async function requireReachable(data: string, user: SystemUser): Promise<void> {
  if (await canReach(user, dirname(data))) return;
  const detail =
    `its user ${user.name} cannot reach ${data} any more: a folder above it lets nobody pass; ` +
    'open it again (chmod o+x)';
  throw new WatchlakeError('STACK_FAILED', { service: 'PostgreSQL', detail });
}

/** Makes the folder that the data lie in, and lets the database's user pass to it. */
async function makeDataParent({ home, user, onProgress }: DataOptions): Promise<string> {
  const parent = await dataParent({ home, user });
  await mkdir(parent, { recursive: true });
  await chmod(parent, 0o700);
  if (!user) return parent;
  await chown(parent, user.uid, user.gid);
  if (parent === join(home, 'postgres')) return parent;
  for (const folder of [SYSTEM_FOLDER, dirname(parent)]) await chmod(folder, 0o755);
  const message = `its data lie in ${parent}: the user ${user.name} cannot reach ${home}`;
  onProgress?.({ component: 'postgres', message });
  return parent;
}

/** The password is made once and kept in a file that only its owner reads. */
async function readOrMakePassword(home: string): Promise<{ password: string; isNew: boolean }> {
  const folder = join(home, 'secrets');
  await makePrivateFolder(folder);
  const path = join(folder, 'postgres-password');
  const known = (await readTextIfPresent(path))?.trim();
  if (known) return { password: known, isNew: false };
  const password = randomBytes(24).toString('hex');
  await writeFileAtomically(path, `${password}\n`);
  return { password, isNew: true };
}

async function initialise(options: DataOptions, data: string, password: string): Promise<void> {
  const { programs, user } = options;
  const fresh = siblingOf(data, 'initialising');
  const secret = siblingOf(data, 'secret');
  await writeFile(secret, password, { mode: 0o600 });
  if (user) await chown(secret, user.uid, user.gid);
  const who = ['--username', DATABASE_USER, '--pwfile', secret, '--auth', 'scram-sha-256'];
  const locale = ['--encoding=UTF8', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'];
  const args = ['--pgdata', fresh, ...who, ...locale, '--locale=C'];
  const run = { command: join(programs, 'initdb'), args, cwd: '/', ...user };
  try {
    await runTool({ ...run, timeoutMs: INIT_LIMIT_MS });
    await rename(fresh, data);
  } finally {
    await rm(secret, { force: true });
    await rm(fresh, { recursive: true, force: true });
  }
}

/** Without the old password only the single-user mode can set a new one. */
async function resetPassword(options: DataOptions, data: string, password: string): Promise<void> {
  const { programs, user, onProgress } = options;
  onProgress?.({ component: 'postgres', message: 'the password file was lost; setting a new one' });
  const args = ['--single', '-D', data, 'postgres'];
  const input = `ALTER ROLE ${DATABASE_USER} PASSWORD '${password}'\n`;
  const run = { command: join(programs, 'postgres'), args, cwd: '/', input, ...user };
  await runTool({ ...run, timeoutMs: INIT_LIMIT_MS });
}

/** A server that outlived its stack is stopped; a pid file that names somebody else is removed. */
async function clearPidFile(data: string): Promise<void> {
  const path = join(data, 'postmaster.pid');
  const pid = Number.parseInt((await readTextIfPresent(path)) ?? '', 10);
  const identity = Number.isInteger(pid) ? processIdentity(pid) : undefined;
  if (identity === undefined) return void (await rm(path, { force: true }));
  const isOurs = hasArguments(pid, [data]);
  if (isOurs) await stopProcess({ pid, identity }, { signal: 'SIGINT' });
  else await rm(path, { force: true });
}

async function requireVersion(data: string): Promise<void> {
  const version = (await readTextIfPresent(join(data, 'PG_VERSION')))?.trim();
  if (version === POSTGRES_MAJOR) return;
  const detail =
    `${data} was written by PostgreSQL ${version ?? '(unknown)'}, this is ${POSTGRES_MAJOR}; ` +
    'use the version of Watchlake that wrote them, or another home';
  throw new WatchlakeError('STACK_FAILED', { service: 'PostgreSQL', detail });
}

/** Makes the data folder ready for a start; gives it and the password. */
export async function prepareData(
  options: DataOptions,
): Promise<{ data: string; password: string }> {
  const { home, onProgress } = options;
  await mkdir(home, { recursive: true });
  const data = join(await makeDataParent(options), 'data');
  for (const marker of ['initialising', 'secret']) await removeSiblings(data, marker);
  const { password, isNew } = await readOrMakePassword(home);
  if (!(await exists(data))) {
    onProgress?.({ component: 'postgres', message: 'setting up its data folder' });
    await initialise(options, data, password);
    return { data, password };
  }
  if (options.user) await requireReachable(data, options.user);
  await requireVersion(data);
  await clearPidFile(data);
  if (isNew) await resetPassword(options, data, password);
  return { data, password };
}
