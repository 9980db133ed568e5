/** What is said of a file that was named on the command line and cannot be read. */
import type { Stats } from 'node:fs';
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
