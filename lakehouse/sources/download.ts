/** Fetches an archive over http(s) into a local file: within a limit, and on from where it broke off. */
import type { FileHandle } from 'node:fs/promises';
import { mkdir, open, rm, stat, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { WatchlakeError, isWatchlakeError } from '../../core/errors';
import { errorCode } from './error-code';
import type { Half } from './halves';
import { removeHalf, withHalf } from './halves';
import type { RangeAnswer, Validator } from './http-range';
import { requestFrom } from './http-range';
import type { DownloadListener } from './shared-downloads';
import { createSharedDownloads } from './shared-downloads';
import { stampOfVersion } from './source';
import { shownAddress } from './source-address';
import type { Whole } from './spool';
import { downloadPath, keepFresh, keepWhole, readValidator, wholeDownloads } from './spool';

const ATTEMPTS = 6;
const FIRST_WAIT_MS = 500;

export interface DownloadOptions extends DownloadListener {
  readonly limit: number;
  /** A private temporary folder unless told otherwise. */
  readonly folder?: string;
  /** Of what is wanted, where it was opened before: when it is here, nobody is asked. */
  readonly stamp?: string;
}

/** What the server has said when the first byte came. */
type HalfFacts = Validator & { readonly total?: number | null };

/** Where to go on, and of which version of the file; from the beginning when that is not known. */
async function resumeFrom({ path, facts }: Half) {
  const present = (await stat(path).catch(() => null))?.size ?? 0;
  const known: HalfFacts | null = await readValidator(facts);
  if (known === null) return { present, from: 0 };
  const { total = null, ...of } = known;
  return { present, from: present, of, total };
}

async function writeAt(handle: FileHandle, chunk: Buffer, position: number): Promise<void> {
  for (let written = 0; written < chunk.length;) {
    const left = chunk.length - written;
    written += (await handle.write(chunk, written, left, position + written)).bytesWritten;
  }
}

function tooLarge(url: string, limit: number): WatchlakeError {
  const source = shownAddress(url);
  return new WatchlakeError('ARCHIVE_TOO_LARGE', { source, member: source, limit });
}

/** Writes the body at its place; the bytes that are there before it stay. */
async function writeBody(
  url: string,
  { path }: Half,
  { body, from, total }: RangeAnswer,
  { limit, onProgress }: DownloadOptions,
): Promise<number> {
  const handle = await open(path, 'r+');
  let position = from;
  try {
    for await (const chunk of body) {
      if (position + chunk.length > limit) throw tooLarge(url, limit);
      await writeAt(handle, chunk, position);
      position += chunk.length;
      onProgress?.({ bytes: position, total });
    }
    return position;
  } finally {
    await handle.close();
  }
}

/** What one attempt has come to: the version that is whole now, or that the known one still holds. */
type Attempted =
  { readonly validator: Validator | null; readonly isDecoded: boolean } | 'unchanged';

async function attempt(
  url: string,
  half: Half,
  known: Validator | undefined,
  options: DownloadOptions,
): Promise<Attempted> {
  const { present, ...resume } = await resumeFrom(half);
  const answer = await requestFrom(url, { ...resume, unless: known, signal: options.signal });
  if (answer === 'unchanged') return 'unchanged';
  if (answer === 'complete') return { validator: resume.of ?? null, isDecoded: false };
  if (present > 0 && answer.from === 0) {
    options.onNote?.(
      `the download of ${shownAddress(url)} starts over: its server gives no ranges, or the file has changed`,
    );
  }
  // Bytes of another version must never be taken for this one's: the facts go first.
  if (answer.from === 0) await rm(half.facts, { force: true });
  const { total, isDecoded } = answer;
  if (total !== null && total > options.limit) {
    await answer.discard();
    throw tooLarge(url, options.limit);
  }
  const validator = answer.from === 0 ? answer.validator : (resume.of ?? null);
  if (answer.from === 0) {
    await mkdir(half.folder, { recursive: true, mode: 0o700 });
    await writeFile(half.path, '', { mode: 0o600 });
    const facts: HalfFacts | null = isDecoded ? null : validator && { ...validator, total };
    if (facts !== null) await writeFile(half.facts, JSON.stringify(facts));
  }
  const bytes = await writeBody(url, half, answer, options);
  if (total === null || bytes === total) return { validator, isDecoded };
  throw new WatchlakeError('DOWNLOAD_FAILED', {
    ...{ what: shownAddress(url), detail: `the connection ended after ${bytes} of ${total} bytes` },
  });
}

const isPassing = (error: unknown, signal?: AbortSignal): boolean =>
  !signal?.aborted && isWatchlakeError(error) && error.code === 'DOWNLOAD_FAILED';

function translated(url: string, error: unknown): unknown {
  return errorCode(error) === 'ENOSPC'
    ? new WatchlakeError('STORE_FULL', { key: shownAddress(url) }, error)
    : error;
}

async function fetchWhole(
  url: string,
  half: Half,
  known: Validator | undefined,
  options: DownloadOptions,
): Promise<Attempted> {
  const { signal } = options;
  for (let tried = 1; ; tried += 1) {
    try {
      return await attempt(url, half, known, options);
    } catch (error) {
      if (isWatchlakeError(error) && error.code === 'ARCHIVE_TOO_LARGE') await removeHalf(half);
      if (tried === ATTEMPTS || !isPassing(error, signal)) throw translated(url, error);
    }
    await sleep(FIRST_WAIT_MS * 2 ** (tried - 1) * (0.5 + Math.random() / 2), undefined, {
      signal,
    });
  }
}

/** What is there holds as long as the server says so; without the name of a version nobody can be asked. */
async function downloadNow(url: string, base: string, options: DownloadOptions): Promise<Whole> {
  const [present] = await wholeDownloads(base);
  if (present !== undefined && present.validator === undefined) return present;
  return withHalf(base, async (half) => {
    const found = await fetchWhole(url, half, present?.validator, options);
    if (found !== 'unchanged') return keepWhole(half, base, found);
    await removeHalf(half);
    return present as Whole;
  });
}

const share = createSharedDownloads<Whole>();

async function findOrFetch(url: string, options: DownloadOptions): Promise<Whole> {
  const base = downloadPath(url, options.folder);
  const found = await wholeDownloads(base);
  const wanted = found.find(
    ({ version, bytes }) =>
      version !== undefined && stampOfVersion(bytes, version) === options.stamp,
  );
  if (wanted !== undefined) return wanted;
  return share(base, options, (told) => downloadNow(url, base, { ...options, ...told }));
}

/**
 * The downloaded file. One that is there already is not fetched again while the server still has the same
 * version, and half of one is gone on with. SOURCE_NOT_FOUND, SOURCE_REFUSED, DOWNLOAD_FAILED, ARCHIVE_TOO_LARGE or
 * STORE_FULL; what was fetched stays for the next attempt.
 */
export async function download(url: string, options: DownloadOptions): Promise<Whole> {
  const whole = await findOrFetch(url, options);
  await keepFresh(whole.path);
  return whole;
}
