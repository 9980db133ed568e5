/** Reads a request's body to its bytes, decompressed within limits. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { WatchlakeError } from '../../core/errors';
import type { BodyBudget } from './body-budget';
import type { IngestLimits } from './limits';
import { watchPace, type Pace } from './slow-body';

declare module 'fastify' {
  interface FastifyRequest {
    /** What answers it: a parser of bodies is given the request alone. */
    response: ServerResponse | null;
  }
}

/** Under these names devices, scripts and their libraries send JSON and its lines. */
const ACCEPTED: ReadonlySet<string> = new Set([
  'application/json',
  'application/x-ndjson',
  'application/ndjson',
  'application/jsonl',
  'application/x-jsonlines',
  'application/octet-stream',
]);

/** Not counted: as many as there are connections take little room. */
export const SHORT_BODY_BYTES = 4096;

const unzip = promisify(gunzip);
const PLAIN_TEXT = 'text/plain';

/** What one body may take. */
interface Collecting {
  /** Most bytes of it. */
  readonly limit: number;
  /** Throws INGEST_QUEUE_FULL. */
  readonly hold: (bytes: number) => void;
  readonly pace: Pace;
  /** The connection is not waited for any more once it is answered. */
  readonly hangUp: () => void;
}

type Done = (error: Error | null, body?: Buffer) => void;

/**
 * Holds what is announced when its first bytes arrive, so that whoever is let in finds room to the end: a request that
 * announces bytes and sends none takes nobody's room. Who sends too slowly is answered before the end.
 */
function collect(payload: IncomingMessage, collecting: Collecting, done: Done) {
  const { limit, hold, pace, hangUp } = collecting;
  const tooLarge = () => new WatchlakeError('BODY_TOO_LARGE', { limit });
  // In chunks they may be as many as are allowed.
  const announced = Number(payload.headers['content-length'] ?? limit);
  if (announced > limit) return done(tooLarge());
  const chunks: Buffer[] = [];
  let received = 0;
  let refusal: Error | null = null;
  const end = (error: Error | null): void => {
    unwatch();
    payload.off('data', take).off('end', finish).off('error', fail);
    done(error, error === null ? Buffer.concat(chunks, received) : undefined);
  };
  const take = (chunk: Buffer): void => {
    const isFirst = received === 0;
    received += chunk.length;
    if (received > limit) return end(tooLarge());
    // Read to its end all the same: who is still sending would see a broken connection instead of the answer.
    if (refusal !== null) return;
    try {
      if (isFirst && announced > SHORT_BODY_BYTES) hold(announced);
      chunks.push(chunk);
    } catch (error) {
      refusal = error as Error;
    }
  };
  const finish = (): void => end(refusal);
  const fail = (error: Error): void => end(Object.assign(error, { statusCode: 400 }));
  const tooSlow = (): void => {
    hangUp();
    const { bodyBytesPerSecond: least } = pace;
    end(refusal ?? new WatchlakeError('BODY_TOO_SLOW', { least }));
  };
  const unwatch = watchPace(pace, () => received, tooSlow);
  payload.on('data', take).once('end', finish).once('error', fail);
}

export interface BodyParts {
  readonly limits: IngestLimits;
  readonly budget: BodyBudget;
}

/** Takes the bytes as they are, whatever JSON they hold: each record is judged by itself. */
export function takeBytes(scope: FastifyInstance, { limits, budget }: BodyParts): void {
  scope.removeAllContentTypeParsers();
  scope.decorateRequest('response', null);
  scope.addHook('onRequest', (request, { raw }, done) => {
    request.response = raw;
    done();
  });
  // Those with a name are found at once, the others by their looks each time.
  for (const types of [[...ACCEPTED], '*'])
    scope.addContentTypeParser(types, ({ raw, response }, _payload, done) => {
      if (response === null) throw new Error('a body is read before its request was let in');
      const hold = (bytes: number) => budget.hold(response, bytes);
      const hangUp = () => void (response.shouldKeepAlive = false);
      collect(raw, { limit: limits.bodyBytes, pace: limits, hold, hangUp }, done);
    });
}

/** Another site's page can send plain text without asking first; a browser then names its origin. */
function checkType({ headers }: FastifyRequest): void {
  const given = headers['content-type'];
  if (given !== undefined && ACCEPTED.has(given)) return;
  const type = given?.split(';', 1)[0]?.trim().toLowerCase();
  if (type !== undefined && ACCEPTED.has(type)) return;
  const isPlain = type === undefined || type === PLAIN_TEXT;
  if (isPlain && headers.origin === undefined) return;
  const detail = isPlain ? 'a page sent it as plain text' : 'its type is neither JSON nor NDJSON';
  throw new WatchlakeError('BODY_NOT_JSON', { detail });
}

/** What the last four bytes say; they may lie. */
const saidLength = (body: Buffer): number =>
  body.length < 4 ? body.length : body.readUInt32LE(body.length - 4);

interface Room {
  /** Most bytes of it. */
  readonly limit: number;
  /** Throws INGEST_QUEUE_FULL. */
  readonly hold: (bytes: number) => void;
}

/** First within what it says of itself; one that says too little, or nothing of its first parts, is tried again. */
async function decompressed(body: Buffer, { limit, hold }: Room, most = 0): Promise<Buffer> {
  const said = most || Math.min(Math.max(saidLength(body), SHORT_BODY_BYTES), limit);
  if (said > SHORT_BODY_BYTES) hold(said);
  try {
    return await unzip(body, { maxOutputLength: said });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ERR_BUFFER_TOO_LARGE' && said < limit)
      return decompressed(body, { limit, hold }, limit);
    if (code === 'ERR_BUFFER_TOO_LARGE')
      throw new WatchlakeError('BODY_TOO_LARGE', { limit }, error);
    throw new WatchlakeError('BODY_NOT_GZIP', { detail: message }, error);
  }
}

/** Throws BODY_EMPTY, BODY_NOT_JSON, BODY_NOT_GZIP, BODY_TOO_LARGE, ENCODING_UNSUPPORTED and INGEST_QUEUE_FULL. */
export function bytesOf(
  request: FastifyRequest,
  { raw }: FastifyReply,
  { limits, budget }: BodyParts,
): Buffer | Promise<Buffer> {
  checkType(request);
  const body = request.body as Buffer | undefined;
  if (body === undefined || body.length === 0) throw new WatchlakeError('BODY_EMPTY');
  const encoding = request.headers['content-encoding']?.trim().toLowerCase() ?? 'identity';
  if (encoding === 'identity' || encoding === '') return body;
  if (encoding !== 'gzip' && encoding !== 'x-gzip')
    throw new WatchlakeError('ENCODING_UNSUPPORTED', { encoding });
  return decompressed(body, {
    limit: limits.decompressedBytes,
    hold: (bytes) => budget.hold(raw, bytes),
  });
}
