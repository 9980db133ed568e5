/** What every HTTP door has in common: limits, tokens, safe headers, and errors from the catalogue. */
import fastify, {
  type FastifyBaseLogger,
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type onRequestHookHandler,
} from 'fastify';
import type { z } from 'zod';
import { isWatchlakeError, WatchlakeError } from './errors';
import { createRateLimit } from './rate-limit';
import { authorize, isLoopback, requireProtection, type Action, type Token } from './tokens';
import { whenOver } from './when-over';

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
  /** HTML for people whose browser asks for what is not there; programs get JSON. */
  notFoundPage?: string;
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
  const { bodyLimitBytes = 1_048_576, requestsPerMinute = 3_000, notFoundPage } = options;
  const door = fastify({
    bodyLimit: bodyLimitBytes,
    requestTimeout: options.requestTimeoutMs ?? 30_000,
    routerOptions: { maxParamLength: 300 },
    forceCloseConnections: options.finishRequests ? 'idle' : true,
    // A logger of its own for each request costs more than the little that is logged of it.
    childLoggerFactory: (logger) => logger,
    ...(options.logger ? { loggerInstance: options.logger } : { logger: false }),
  });
  // Another site's page can send plain text to this door without asking; JSON it cannot.
  door.removeContentTypeParser('text/plain');
  const guard = createGuard(options, requestsPerMinute);
  door.addHook('onRequest', (request, reply, done) => {
    reply.headers(HEADERS);
    guard(request);
    done();
  });
  authorizeRoutes(door, options.tokens);
  if (options.finishRequests) hangUpWhenClosing(door);
  const send = (request: FastifyRequest, reply: FastifyReply, error: WatchlakeError): void =>
    error.code === 'ROUTE_NOT_FOUND' && notFoundPage !== undefined && isNavigation(request)
      ? void reply.code(error.status).type('text/html; charset=utf-8').send(notFoundPage)
      : sendCode(reply, error);
  door.setErrorHandler((error, request, reply) =>
    send(request, reply, knownError(error, request, bodyLimitBytes)),
  );
  door.setNotFoundHandler((request, reply) => send(request, reply, notFound(request)));
  return door;
}

/** Whether a person follows a link or types an address; our own pages fetch with their token. */
export const isNavigation = ({ method, headers }: FastifyRequest): boolean =>
  method === 'GET' && !headers.authorization && (headers.accept?.includes('text/html') ?? false);

/** Once all requests are answered: a connection that stays open for more, or has asked nothing, would keep the door waiting. */
function hangUpWhenClosing(door: FastifyInstance): void {
  let closing = false;
  // Counted, not collected: a set that each request enters and leaves keeps the memory of them all for long.
  let answering = 0;
  door.addHook('onRequest', (_request, { raw }, done) => {
    answering += 1;
    whenOver(raw, () => {
      answering -= 1;
    });
    done();
  });
  door.addHook('onSend', (_request, { raw }, payload, done) => {
    if (closing) raw.shouldKeepAlive = false;
    done(null, payload);
  });
  door.addHook('preClose', (done) => {
    closing = true;
    const hangUp = () => answering === 0 && door.server.closeAllConnections();
    const hangingUp = setInterval(hangUp, HANG_UP_EVERY_MS).unref();
    door.server.once('close', () => clearInterval(hangingUp));
    done();
  });
}

/** Throws RATE_LIMITED and HOST_NOT_ALLOWED. */
function createGuard({ tokens, checksTokens }: DoorOptions, limit: number) {
  const rate = limit === Infinity ? null : createRateLimit(limit);
  const isOpen = tokens.length === 0 && !checksTokens;
  /** The last name of this machine that was asked for: mostly it is the same again. */
  let ours: string | undefined;
  return (request: FastifyRequest): void => {
    if (rate && !rate.take(request.ip))
      throw new WatchlakeError('RATE_LIMITED', { limit, address: request.ip });
    const { host } = request.headers;
    // A name that a stranger points at this machine would let his page read through the browser.
    if (isOpen && (host === undefined || host !== ours)) {
      if (!isLoopback(request.hostname))
        throw new WatchlakeError('HOST_NOT_ALLOWED', { host: request.hostname });
      ours = host;
    }
  };
}

/** After the guard's own hook. A request is not asked for its route's options, which would be copied each time. */
function authorizeRoutes(door: FastifyInstance, tokens: readonly Token[]): void {
  door.addHook('onRoute', (route) => {
    const action = route.config?.action;
    if (action === undefined) return;
    const check: onRequestHookHandler = ({ headers }, _reply, done) => {
      authorize(tokens, headers.authorization, action);
      done();
    };
    route.onRequest = [check, ...[route.onRequest ?? []].flat()];
  });
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

function knownError(error: unknown, request: FastifyRequest, limit: number): WatchlakeError {
  const known = isWatchlakeError(error) ? error : ofFramework(error, request, limit);
  if (known === null || known.status >= 500)
    request.log.error({ err: error, request: request.id }, 'a request failed');
  return known ?? new WatchlakeError('INTERNAL_ERROR', { request: request.id }, error);
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
