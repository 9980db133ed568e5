/** Reads a request's body to its bytes, decompressed within limits. */
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { WatchlakeError } from '../../core/errors';
import type { BodyBudget } from './body-budget';
import type { IngestLimits } from './limits';

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

/** Takes the bytes as they are, whatever JSON they hold: each record is judged by itself. */
export function takeBytes(scope: FastifyInstance, bodyLimit: number, budget: BodyBudget): void {
  scope.removeAllContentTypeParsers();
  // Before they are read; in chunks they may be as many as are allowed, without either there are none.
  scope.addHook('onRequest', ({ headers }, { raw }, done) => {
    const most = headers['transfer-encoding'] === undefined ? 0 : bodyLimit;
    const bytes = Number(headers['content-length'] ?? most);
    if (bytes > SHORT_BODY_BYTES && bytes <= bodyLimit) budget.hold(raw, bytes);
    done();
  });
  // Those with a name are found at once, the others by their looks each time.
  for (const types of [[...ACCEPTED], '*'])
    scope.addContentTypeParser(types, { parseAs: 'buffer', bodyLimit }, (_request, body, done) =>
      done(null, body),
    );
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

export interface BodyParts {
  readonly limits: IngestLimits;
  readonly budget: BodyBudget;
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
