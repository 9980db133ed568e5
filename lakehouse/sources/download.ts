/** Fetches an archive over http(s) into a local file, within a limit. */
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import { WatchlakeError } from '../../core/errors';

const limited = (url: string, limit: number): Transform => {
  let seen = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      seen += chunk.length;
      const failure = new WatchlakeError('ARCHIVE_TOO_LARGE', { source: url, member: url, limit });
      if (seen > limit) done(failure);
      else done(null, chunk);
    },
  });
};

async function fetchBody(url: string, signal?: AbortSignal): Promise<ReadableStream> {
  const response = await fetch(url, { signal }).catch((error: unknown) => {
    if (signal?.aborted) throw error;
    const detail = error instanceof Error ? error.message : String(error);
    throw new WatchlakeError('DOWNLOAD_FAILED', { what: url, detail }, error);
  });
  if (response.status === 404) throw new WatchlakeError('SOURCE_NOT_FOUND', { source: url });
  if (!response.ok || response.body === null) {
    const detail = `the server answered ${response.status}`;
    throw new WatchlakeError('DOWNLOAD_FAILED', { what: url, detail });
  }
  return response.body;
}

const spoolFolder = (): string =>
  join(tmpdir(), `watchlake-downloads-${process.getuid?.() ?? 'user'}`);

/** Where the download of the address lies; a private temporary folder unless told otherwise. */
export function downloadPath(url: string, folder = spoolFolder()): string {
  return join(folder, createHash('sha256').update(url).digest('hex').slice(0, 32));
}

/** The path of the downloaded file; one that is already there is not fetched again. */
export async function download(
  url: string,
  { limit, signal, folder }: { limit: number; signal?: AbortSignal; folder?: string },
): Promise<string> {
  const path = downloadPath(url, folder);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const present = await stat(path).catch(() => null);
  if (present !== null) return path;
  const partial = `${path}.${process.pid}.part`;
  try {
    const body = Readable.fromWeb(await fetchBody(url, signal));
    await pipeline(body, limited(url, limit), createWriteStream(partial), { signal });
    await rename(partial, path);
    return path;
  } finally {
    await rm(partial, { force: true });
  }
}

/** Removes all downloads; an ingest that still needs one fetches it again. */
export const forgetDownloads = (folder = spoolFolder()): Promise<void> =>
  rm(folder, { recursive: true, force: true });
