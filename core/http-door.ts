/** What every HTTP door has in common: limits, tokens, safe headers, and errors from the catalogue. */
import fastify, {
  type FastifyBaseLogger,
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify';
import type { z } from 'zod';
import { isWatchlakeError, WatchlakeError } from './errors';
import { createRateLimit } from './rate-limit';
import { authorize, isLoopback, requireProtection, type Action, type Token } from './tokens';

export interface DoorOptions {
  /** What the door is called in messages. */
  door: string;
  host: string;
  tokens: readonly Token[];
  logger?: FastifyBaseLogger;
  bodyLimitBytes?: number;
  requestsPerMinute?: number;
  requestTimeoutMs?: number;
  /** The routes check tokens that are not configured, and let nobody in without one. */
  checksTokens?: boolean;
  /** Requests under way get their answer when the door closes, instead of a closed connection. */
  finishRequests?: boolean;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What the route does; a route without it is open to everybody who reaches the door. */
    action?: Action;
  }
}

const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

const RETRY_AFTER_SECONDS = '1';
const HANG_UP_EVERY_MS = 50;

const HEADERS = {
  'content-security-policy': CONTENT_SECURITY_POLICY,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
};

/** A door that refuses to be opened for everybody without a token. */
export function createDoor(options: DoorOptions): FastifyInstance {
  if (!options.checksTokens) requireProtection(options.door, options.host, options.tokens);
  const { bodyLimitBytes = 1_048_576, requestsPerMinute = 3_000 } = options;
  const door = fastify({
    bodyLimit: bodyLimitBytes,
    requestTimeout: options.requestTimeoutMs ?? 30_000,
    routerOptions: { maxParamLength: 300 },
    forceCloseConnections: options.finishRequests ? 'idle' : true,
    ...(options.logger ? { loggerInstance: options.logger } : { logger: false }),
  });
  // Another site's page can send plain text to this door without asking; JSON it cannot.
  door.removeContentTypeParser('text/plain');
  const limit = createRateLimit(requestsPerMinute);
  door.addHook('onRequest', async (request, reply) => {
    reply.headers(HEADERS);
    guard(request, options, limit.take(request.ip), requestsPerMinute);
  });
  if (options.finishRequests) hangUpWhenClosing(door);
  door.setErrorHandler((error, request, reply) => sendError(error, request, reply, bodyLimitBytes));
  door.setNotFoundHandler((request, reply) => sendCode(reply, notFound(request)));
  return door;
}

/** Once all requests are answered: a connection that stays open for more, or has asked nothing, would keep the door waiting. */
function hangUpWhenClosing(door: FastifyInstance): void {
  let closing = false;
  let answering = 0;
  door.addHook('onRequest', (_request, reply, done) => {
    answering += 1;
    reply.raw.once('close', () => (answering -= 1));
    done();
  });
  door.addHook('onSend', (_request, reply, _payload, done) => {
    if (closing) reply.header('connection', 'close');
    done();
  });
  door.addHook('preClose', (done) => {
    closing = true;
    const hangUp = () => answering === 0 && door.server.closeAllConnections();
    const hangingUp = setInterval(hangUp, HANG_UP_EVERY_MS).unref();
    door.server.once('close', () => clearInterval(hangingUp));
    done();
  });
}

function guard(request: FastifyRequest, options: DoorOptions, allowed: boolean, limit: number) {
  if (!allowed) throw new WatchlakeError('RATE_LIMITED', { limit, address: request.ip });
  // A name that a stranger points at this machine would let his page read through the browser.
  const isOpen = options.tokens.length === 0 && !options.checksTokens;
  if (isOpen && !isLoopback(request.hostname))
    throw new WatchlakeError('HOST_NOT_ALLOWED', { host: request.hostname });
  const { action } = request.routeOptions.config;
  if (action) authorize(options.tokens, request.headers.authorization, action);
}

export const errorBody = (error: WatchlakeError) => ({
  code: error.code,
  message: error.message,
  remedy: error.remedy,
});

function sendCode(reply: FastifyReply, error: WatchlakeError): void {
  if (error.code === 'UNAUTHORIZED') reply.header('www-authenticate', 'Bearer');
  if (error.status === 429 || error.status === 503)
    reply.header('retry-after', error.code === 'RATE_LIMITED' ? '60' : RETRY_AFTER_SECONDS);
  void reply.code(error.status).send(errorBody(error));
}

/** Refusals by the server's framework, in our words; null for what nobody foresaw. */
function ofFramework(error: unknown, request: FastifyRequest, limit: number) {
  const { code, message, statusCode = 500 } = error as Partial<FastifyError>;
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE')
    return new WatchlakeError('BODY_TOO_LARGE', { limit }, error);
  if (code?.startsWith('FST_ERR_CTP_'))
    return new WatchlakeError('BODY_NOT_JSON', { detail: message }, error);
  if (statusCode === 403 || statusCode === 404) return notFound(request);
  if (statusCode < 500)
    return new WatchlakeError('INPUT_INVALID', { field: 'request', detail: message }, error);
  return null;
}

function notFound(request: FastifyRequest): WatchlakeError {
  // What stands after the question mark may be a secret.
  const path = request.url.split('?', 1)[0];
  return new WatchlakeError('ROUTE_NOT_FOUND', { method: request.method, path });
}

function sendError(error: unknown, request: FastifyRequest, reply: FastifyReply, limit: number) {
  const known = isWatchlakeError(error) ? error : ofFramework(error, request, limit);
  if (known === null || known.status >= 500) request.log.error({ err: error }, 'a request failed');
  sendCode(reply, known ?? new WatchlakeError('INTERNAL_ERROR', { request: request.id }, error));
}

/** A request's body or query as the schema has it, or INPUT_INVALID naming the first bad field. */
export function parseInput<Schema extends z.ZodType>(
  schema: Schema,
  input: unknown,
): z.infer<Schema> {
  const parsed = schema.safeParse(input ?? {});
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const field = issue?.path.join('.') || 'body';
  throw new WatchlakeError('INPUT_INVALID', { field, detail: issue?.message }, parsed.error);
}

/** Listens and gives the URL; PORT_TAKEN when somebody else has the port. */
export async function openDoor(
  door: FastifyInstance,
  { name, host, port }: { name: string; host: string; port: number },
): Promise<string> {
  try {
    return await door.listen({ host, port });
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'EADDRINUSE') throw error;
    throw new WatchlakeError('PORT_TAKEN', { port, service: name }, error);
  }
}
