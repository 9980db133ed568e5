/** Asks an http server for a file from a certain byte on, if it is still the same file. */
import { WatchlakeError } from '../../core/errors';
import { shownAddress } from './source-address';

/** Names one version of a file; what a server says of itself to be compared byte for byte. */
export type Validator = { readonly etag: string } | { readonly lastModified: string };

export interface RangeAnswer {
  /** The first byte of the body: that asked for, or 0 when the server gives the whole file. */
  readonly from: number;
  /** Of the whole file; null when the server does not say. */
  readonly total: number | null;
  /** Null when the version has no name: half of it cannot be gone on with. */
  readonly validator: Validator | null;
  /** Whether the body is what the server has compressed, unpacked again: half of it cannot be gone on with either. */
  readonly isDecoded: boolean;
  readonly body: AsyncIterable<Buffer>;
  /** Instead of reading the body: ends its connection. */
  readonly discard: () => Promise<void>;
}

export interface RangeRequest {
  readonly from: number;
  readonly of?: Validator;
  /** Of the whole file, as it was when the bytes before came; null when that was not said. */
  readonly total?: number | null;
  /** The version that is there already: nothing is wanted of it. */
  readonly unless?: Validator;
  readonly signal?: AbortSignal;
}

/** A connection over which nothing comes for so long is given up. */
export const SILENCE_MS = 60_000;

const failed = (url: string, detail: string, cause?: unknown): WatchlakeError =>
  new WatchlakeError('DOWNLOAD_FAILED', { what: shownAddress(url), detail }, cause);

function validatorOf(headers: Headers): Validator | null {
  const etag = headers.get('etag');
  // A weak one promises the same meaning, not the same bytes.
  if (etag !== null && !etag.startsWith('W/')) return { etag };
  const lastModified = headers.get('last-modified');
  return lastModified === null ? null : { lastModified };
}

/** `bytes 100-199/1000`, or `bytes *\/1000` of a range that there is not. */
function contentRange(headers: Headers): { from: number | null; total: number | null } {
  const [, from, total] =
    /^bytes (?:(\d+)-\d+|\*)\/(\d+|\*)$/.exec(headers.get('content-range') ?? '') ?? [];
  const numberOf = (text: string | undefined): number | null =>
    text === undefined || text === '*' ? null : Number(text);
  return { from: numberOf(from), total: numberOf(total) };
}

/** Some stores send it with files that they keep compressed, whatever was asked for; `fetch` unpacks it. */
const isEncoded = (headers: Headers): boolean =>
  !['identity', null].includes(headers.get('content-encoding'));

function lengthOf(headers: Headers): number | null {
  const length = headers.get('content-length');
  return length === null ? null : Number(length);
}

const rangeHeaders = ({ from, of }: RangeRequest): Record<string, string> =>
  of === undefined || from === 0
    ? {}
    : { range: `bytes=${from}-`, 'if-range': 'etag' in of ? of.etag : of.lastModified };

function conditionHeaders({ unless }: RangeRequest): Record<string, string> {
  if (unless === undefined) return {};
  return 'etag' in unless
    ? { 'if-none-match': unless.etag }
    : { 'if-modified-since': unless.lastModified };
}

/** A server or a proxy may send a range whatever version was asked for; what it does not name cannot differ. */
function isOfAnother(
  { of, total: before = null }: RangeRequest,
  headers: Headers,
  total: number | null,
): boolean {
  if (of === undefined) return false;
  if (before !== null && total !== null && total !== before) return true;
  const [name, expected] = 'etag' in of ? ['etag', of.etag] : ['last-modified', of.lastModified];
  return (headers.get(name) ?? expected) !== expected;
}

/** Ends a connection over which nothing comes any more. */
function watchedSignal(signal?: AbortSignal) {
  const silence = new AbortController();
  const give = (): void => silence.abort(new Error(`nothing came for ${SILENCE_MS / 1000} s`));
  // The connection itself keeps the process; nothing else has to wait for the silence.
  let timer = setTimeout(give, SILENCE_MS).unref();
  return {
    signal: signal === undefined ? silence.signal : AbortSignal.any([signal, silence.signal]),
    heard(): void {
      clearTimeout(timer);
      timer = setTimeout(give, SILENCE_MS).unref();
    },
    stop: () => clearTimeout(timer),
  };
}

type Watch = ReturnType<typeof watchedSignal>;

async function* bodyOf(url: string, response: Response, watch: Watch): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      watch.heard();
      yield Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    }
  } catch (error) {
    throw failed(url, error instanceof Error ? error.message : String(error), error);
  } finally {
    watch.stop();
  }
}

const [HTTP_CLIENT, HTTP_SERVER] = [400, 500];
/** Of the answers that blame who asks those that may be others later: too slow, in conflict, locked, too early, too many; or of a range. */
const PASSING: ReadonlySet<number> = new Set([408, 409, 416, 421, 423, 425, 429]);

function problemOf(url: string, { status, ok }: Response): WatchlakeError | null {
  if (status === 404 || status === 410) {
    return new WatchlakeError('SOURCE_NOT_FOUND', { source: shownAddress(url) });
  }
  if (status >= HTTP_CLIENT && status < HTTP_SERVER && !PASSING.has(status)) {
    return new WatchlakeError('SOURCE_REFUSED', { source: shownAddress(url), status });
  }
  return ok ? null : failed(url, `the server answered ${status}`);
}

/** A body that nobody reads would keep its connection. */
async function discard({ body }: Response, watch: Watch): Promise<void> {
  watch.stop();
  await body?.cancel().catch(() => undefined);
}

/**
 * `complete`: there is nothing from that byte on; `unchanged`: the server has the version `unless`.
 * SOURCE_NOT_FOUND, SOURCE_REFUSED or DOWNLOAD_FAILED.
 */
export async function requestFrom(
  url: string,
  request: RangeRequest,
): Promise<RangeAnswer | 'complete' | 'unchanged'> {
  const watch = watchedSignal(request.signal);
  try {
    const { signal } = watch;
    const conditions = { ...rangeHeaders(request), ...conditionHeaders(request) };
    const headers = { 'accept-encoding': 'identity', ...conditions };
    const response = await fetch(url, { signal, headers }).catch((error: unknown) => {
      request.signal?.throwIfAborted();
      const { cause = error } = error as { cause?: unknown };
      throw failed(url, cause instanceof Error ? cause.message : String(cause), error);
    });
    const range = contentRange(response.headers);
    if (response.status === 304 && request.unless !== undefined) {
      await discard(response, watch);
      return 'unchanged';
    }
    const isPart = response.status === 206;
    const isDecoded = isEncoded(response.headers);
    // A range of what is compressed is none of what it holds.
    const isOther = isDecoded || isOfAnother(request, response.headers, range.total);
    // Where there is nothing from that byte on, it may be shorter than what is there of it.
    const isBeyond = response.status === 416;
    if (request.of !== undefined && (isBeyond || (isPart && isOther))) {
      await discard(response, watch);
      if (isBeyond && !isOther && range.total === request.from) return 'complete';
      return await requestFrom(url, { ...request, from: 0, of: undefined, total: undefined });
    }
    const problem =
      isPart && range.from !== request.from
        ? failed(url, 'the server sent another range')
        : problemOf(url, response);
    if (problem !== null) {
      await discard(response, watch);
      throw problem;
    }
    const total = isPart ? (range.total ?? request.total ?? null) : lengthOf(response.headers);
    return {
      from: isPart ? request.from : 0,
      // On the way it has another length than here.
      total: isDecoded ? null : total,
      validator: validatorOf(response.headers),
      isDecoded,
      body: bodyOf(url, response, watch),
      discard: () => discard(response, watch),
    };
  } catch (error) {
    watch.stop();
    throw error;
  }
}
