/** What a backup says about itself: its parts and, for each file, its size and SHA-256. */
import { readFile } from 'node:fs/promises';
import { join, normalize } from 'node:path';
import { z } from 'zod';
import { isWatchlakeError, WatchlakeError } from '../../core/errors';
import { CODE_VERSION } from '../../core/version';
import { isPresent } from './parts';

export const MANIFEST_FILE = 'manifest.json';

/** Inside the backup, whatever the manifest says: nothing is written elsewhere. */
const inside = z
  .string()
  .min(1)
  .refine(
    (path) => normalize(path) === path && !/^(\/|\.\.(\/|$))/.test(path),
    'leaves the folder',
  );

const owner = { path: inside, mode: z.int().min(0), uid: z.int().min(0), gid: z.int().min(0) };
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

const manifest = z.object({
  formatVersion: z.literal(1),
  createdAt: z.iso.datetime(),
  watchlake: z.string(),
  /** Top-level names, each restored to its own place. */
  parts: z.array(z.string()).min(1),
  /** Services that run elsewhere and have backups of their own. */
  notIncluded: z.array(z.string()),
  folders: z.array(z.object(owner)),
  files: z.array(z.object({ ...owner, bytes: z.int().min(0), sha256 })),
});

export type BackupManifest = z.output<typeof manifest>;
export type BackupFolder = BackupManifest['folders'][number];
export type BackupFile = BackupManifest['files'][number];

export const partOf = (path: string): string => path.split('/')[0] ?? '';

const numbersOf = (version: string): number[] =>
  (version.match(/^[\d.]+/)?.[0] ?? '').split('.').map(Number);

/** Whether a release came after another; before a release its trials count as the release itself. */
export function isNewer(version: string, than: string): boolean {
  const [numbers, others] = [numbersOf(version), numbersOf(than)];
  const at = numbers.findIndex((each, index) => each !== (others[index] ?? 0));
  return at >= 0 && (numbers[at] as number) > (others[at] ?? 0);
}

/** Migrations only go forward, and a later format may say other things: looked at before all else. */
function refuseNewer(source: string, found: unknown): void {
  const { data } = z.object({ watchlake: z.string() }).safeParse(found);
  if (data === undefined || !isNewer(data.watchlake, CODE_VERSION)) return;
  const { watchlake: version } = data;
  throw new WatchlakeError('BACKUP_NEWER', { source, version, own: CODE_VERSION });
}

/** Throws SOURCE_NOT_FOUND, BACKUP_NEWER or BACKUP_INVALID. */
export async function readManifest(source: string): Promise<BackupManifest> {
  const text = await readFile(join(source, MANIFEST_FILE), 'utf8').catch(async (cause: unknown) => {
    // A backup of somebody else may be whole.
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === 'EACCES')
      throw new WatchlakeError('NOT_READABLE', { path: source, detail: message }, cause);
    const detail = `it has no ${MANIFEST_FILE} that can be read`;
    throw (await isPresent(source))
      ? new WatchlakeError('BACKUP_INVALID', { source, detail }, cause)
      : new WatchlakeError('SOURCE_NOT_FOUND', { source }, cause);
  });
  try {
    const found: unknown = JSON.parse(text);
    refuseNewer(source, found);
    return manifest.parse(found);
  } catch (cause) {
    if (isWatchlakeError(cause)) throw cause;
    const detail = cause instanceof z.ZodError ? z.prettifyError(cause) : (cause as Error).message;
    throw new WatchlakeError('BACKUP_INVALID', { source, detail: `${MANIFEST_FILE}: ${detail}` });
  }
}
