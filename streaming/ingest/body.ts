/** Reads a request's body to its bytes, decompressed within limits. */
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { WatchlakeError } from '../../core/errors';
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

const unzip = promisify(gunzip);
const PLAIN_TEXT = 'text/plain';

/** Takes the bytes as they are, whatever JSON they hold: each record is judged by itself. */
export function takeBytes(scope: FastifyInstance, bodyLimit: number): void {
  scope.removeAllContentTypeParsers();
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

async function decompressed(body: Buffer, limit: number): Promise<Buffer> {
  try {
    return await unzip(body, { maxOutputLength: limit });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ERR_BUFFER_TOO_LARGE')
      throw new WatchlakeError('BODY_TOO_LARGE', { limit }, error);
    throw new WatchlakeError('BODY_NOT_GZIP', { detail: message }, error);
  }
}

/** Throws BODY_EMPTY, BODY_NOT_JSON, BODY_NOT_GZIP, BODY_TOO_LARGE and ENCODING_UNSUPPORTED. */
export function bytesOf(request: FastifyRequest, limits: IngestLimits): Buffer | Promise<Buffer> {
  checkType(request);
  const body = request.body as Buffer | undefined;
  if (body === undefined || body.length === 0) throw new WatchlakeError('BODY_EMPTY');
  const encoding = request.headers['content-encoding']?.trim().toLowerCase() ?? 'identity';
  if (encoding === 'identity' || encoding === '') return body;
  if (encoding !== 'gzip' && encoding !== 'x-gzip')
    throw new WatchlakeError('ENCODING_UNSUPPORTED', { encoding });
  return decompressed(body, limits.decompressedBytes);
}
