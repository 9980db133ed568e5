/** What is said of a file that was named on the command line and cannot be read. */
import { closeSync, existsSync, openSync, type Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { WatchlakeError } from '../core/errors';

/** Of S3, a catalogue or the web. */
export const isAddress = (source: string): boolean => /^[a-z][a-z0-9+.-]+:\/\//i.test(source);

/** SOURCE_NOT_FOUND only where there is nothing; to be thrown. */
export function unreadableFile(file: string, error: unknown): WatchlakeError {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return new WatchlakeError('SOURCE_NOT_FOUND', { source: file }, error);
  const detail = code === 'EISDIR' ? 'is a folder, a file is needed' : `cannot be read: ${message}`;
  return new WatchlakeError('USAGE_INVALID', { detail: `${file} ${detail}.` }, error);
}

const REFUSED = new Set(['EACCES', 'EPERM']);
const READING = new Set(['scandir', 'opendir', 'readlink', 'stat', 'lstat']);

// Below a closed folder nothing is seen, and what was to be written there may be meant.
const isClosed = (path: string): boolean => {
  if (!existsSync(path)) return false;
  try {
    closeSync(openSync(path, 'r'));
    return false;
  } catch (error) {
    return REFUSED.has((error as NodeJS.ErrnoException).code ?? '');
  }
};

/** Whether somebody else's file was to be read: of `open` the system does not say what for. */
export function isUnreadable(error: unknown): error is Error & { path: string } {
  const { code = '', path, syscall = '' } = (error ?? {}) as Partial<NodeJS.ErrnoException>;
  if (!REFUSED.has(code) || typeof path !== 'string') return false;
  return READING.has(syscall) || (syscall === 'open' && isClosed(path));
}

/** What the system knows of it; throws when there is none, or a folder. */
export async function requireFile(file: string): Promise<Stats> {
  const facts = await stat(file).catch((error: unknown) => {
    throw unreadableFile(file, error);
  });
  if (facts.isDirectory()) throw unreadableFile(file, { code: 'EISDIR' });
  return facts;
}

/** A file or a folder; an address is left to whoever has the rights to it. */
export async function requireSource(source: string): Promise<void> {
  if (isAddress(source)) return;
  await stat(source).catch((error: unknown) => {
    throw unreadableFile(source, error);
  });
}
