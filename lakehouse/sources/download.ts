/** Fetches an archive over http(s) into a local file: within a limit, and on from where it broke off. */
import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { WatchlakeError, isWatchlakeError } from '../../core/errors';
import { errorCode } from './error-code';
import type { RangeAnswer, Validator } from './http-range';
import { requestFrom } from './http-range';

const ATTEMPTS = 6;
const FIRST_WAIT_MS = 500;

export interface DownloadOptions {
  readonly limit: number;
  readonly signal?: AbortSignal;
  /** A private temporary folder unless told otherwise. */
  readonly folder?: string;
  /** What a person should know, such as that the server cannot go on in the middle. */
  readonly onNote?: (note: string) => void;
  readonly onProgress?: (done: { bytes: number; total: number | null }) => void;
}

const spoolFolder = (): string =>
  join(tmpdir(), `watchlake-downloads-${process.getuid?.() ?? 'user'}`);

/** Where the download of the address lies. */
export function downloadPath(url: string, folder = spoolFolder()): string {
  return join(folder, createHash('sha256').update(url).digest('hex').slice(0, 32));
}

/** Half a download and what it is half of. */
interface Partial {
  readonly path: string;
  readonly facts: string;
}

const partialOf = (path: string): Partial => ({
  path: `${path}.part`,
  facts: `${path}.part.json`,
});

async function removePartial({ path, facts }: Partial): Promise<void> {
  await rm(path, { force: true });
  await rm(facts, { force: true });
}

/** Where to go on, and of which version of the file; from the beginning when that is not known. */
async function resumeFrom({ path, facts }: Partial) {
  const present = (await stat(path).catch(() => null))?.size ?? 0;
  const text = await readFile(facts, 'utf8').catch(() => null);
  const of = text === null ? undefined : (JSON.parse(text) as Validator);
  return of === undefined ? { present, from: 0 } : { present, from: present, of };
}

async function writeAt(handle: FileHandle, chunk: Buffer, position: number): Promise<void> {
  for (let written = 0; written < chunk.length;) {
    const left = chunk.length - written;
    written += (await handle.write(chunk, written, left, position + written)).bytesWritten;
  }
}

/** Writes the body at its place; the bytes that are there before it stay. */
async function writeBody(
  url: string,
  { path }: Partial,
  { body, from, total }: RangeAnswer,
  { limit, onProgress }: DownloadOptions,
): Promise<number> {
  const handle = await open(path, 'r+');
  let position = from;
  try {
    for await (const chunk of body) {
      if (position + chunk.length > limit) {
        throw new WatchlakeError('ARCHIVE_TOO_LARGE', { source: url, member: url, limit });
      }
      await writeAt(handle, chunk, position);
      position += chunk.length;
      onProgress?.({ bytes: position, total });
    }
    return position;
  } finally {
    await handle.close();
  }
}

/** One attempt: true when the file is whole. */
async function attempt(url: string, partial: Partial, options: DownloadOptions): Promise<boolean> {
  const { present, ...resume } = await resumeFrom(partial);
  const answer = await requestFrom(url, { ...resume, signal: options.signal });
  if (answer === 'complete') return true;
  if (present > 0 && answer.from === 0) {
    options.onNote?.(
      `the download of ${url} starts over: its server gives no ranges, or the file has changed`,
    );
  }
  // Bytes of another version must never be taken for this one's: the facts go first.
  if (answer.from === 0) await rm(partial.facts, { force: true });
  const { validator, total } = answer;
  if (total !== null && total > options.limit) {
    const { limit } = options;
    throw new WatchlakeError('ARCHIVE_TOO_LARGE', { source: url, member: url, limit });
  }
  if (answer.from === 0) {
    await writeFile(partial.path, '', { mode: 0o600 });
    if (validator !== null) await writeFile(partial.facts, JSON.stringify(validator));
  }
  const bytes = await writeBody(url, partial, answer, options);
  if (total === null || bytes === total) return true;
  throw new WatchlakeError('DOWNLOAD_FAILED', {
    ...{ what: url, detail: `the connection ended after ${bytes} of ${total} bytes` },
  });
}

const isPassing = (error: unknown, signal?: AbortSignal): boolean =>
  !signal?.aborted && isWatchlakeError(error) && error.code === 'DOWNLOAD_FAILED';

function translated(url: string, error: unknown): unknown {
  return errorCode(error) === 'ENOSPC'
    ? new WatchlakeError('STORE_FULL', { key: url }, error)
    : error;
}

async function fetchWhole(url: string, partial: Partial, options: DownloadOptions): Promise<void> {
  const { signal } = options;
  for (let tried = 1; ; tried += 1) {
    try {
      if (await attempt(url, partial, options)) return;
    } catch (error) {
      if (isWatchlakeError(error) && error.code === 'ARCHIVE_TOO_LARGE')
        await removePartial(partial);
      if (tried === ATTEMPTS || !isPassing(error, signal)) throw translated(url, error);
    }
    await sleep(FIRST_WAIT_MS * 2 ** (tried - 1) * (0.5 + Math.random() / 2), undefined, {
      signal,
    });
  }
}

/** Several who ask for the same at a time share one download. */
const running = new Map<string, Promise<string>>();

async function downloadNow(url: string, path: string, options: DownloadOptions): Promise<string> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  if ((await stat(path).catch(() => null)) !== null) return path;
  const partial = partialOf(path);
  await fetchWhole(url, partial, options);
  await rename(partial.path, path).catch((error: unknown) => {
    // Another process was faster, with the same bytes.
    if (errorCode(error) !== 'ENOENT') throw error;
  });
  await rm(partial.facts, { force: true });
  return path;
}

/**
 * The path of the downloaded file; one that is there already is not fetched again, and half of one is
 * gone on with when the server still has the same version. SOURCE_NOT_FOUND, DOWNLOAD_FAILED,
 * ARCHIVE_TOO_LARGE or STORE_FULL; what was fetched stays for the next attempt.
 */
export function download(url: string, options: DownloadOptions): Promise<string> {
  const path = downloadPath(url, options.folder);
  const present = running.get(path);
  if (present !== undefined) return present;
  const work = downloadNow(url, path, options).finally(() => running.delete(path));
  running.set(path, work);
  return work;
}

/** Removes all downloads; an ingest that still needs one fetches it again. */
export const forgetDownloads = (folder = spoolFolder()): Promise<void> =>
  rm(folder, { recursive: true, force: true });
