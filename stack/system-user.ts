/** PostgreSQL refuses to run as root: which other user it runs as then, and what that user can reach. */
import { stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { isMissing } from './files';
import { tryTool } from './tools';

export interface SystemUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** `nobody` is on every system, so that no account has to be made. */
const CANDIDATES = ['postgres', 'nobody'] as const;

async function idOf(option: '-u' | '-g', name: string): Promise<number | undefined> {
  const text = await tryTool({ command: 'id', args: [option, name], timeoutMs: 10_000 });
  const id = Number.parseInt(text ?? '', 10);
  return Number.isInteger(id) && id !== 0 ? id : undefined;
}

/** The user to run as when we are root; undefined when we are somebody else already. */
export async function unprivilegedUser(): Promise<SystemUser | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of CANDIDATES) {
    const [uid, gid] = await Promise.all([idOf('-u', name), idOf('-g', name)]);
    if (uid !== undefined && gid !== undefined) return { name, uid, gid };
  }
  throw new Error(`PostgreSQL cannot run as root, and there is no user ${CANDIDATES.join(' or ')}`);
}

/** Whether the user may pass through the folder and all above it; absent ones are made by us. */
export async function canReach(user: SystemUser, path: string): Promise<boolean> {
  const folder = resolve(path);
  try {
    const { mode, uid, gid } = await stat(folder);
    const shift = uid === user.uid ? 6 : gid === user.gid ? 3 : 0;
    if (((mode >> shift) & 1) === 0) return false;
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  const parent = dirname(folder);
  return parent === folder || canReach(user, parent);
}
