/** What is beside the events: health, readiness, metrics, the OpenAPI document and a page of it. */
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { WatchlakeError } from '../../core/errors';
import { authorize, type Token } from '../../core/tokens';
import type { IngestMetrics } from './metrics';
import type { Readiness } from './readiness';
import { SCHEMAS, TOKEN_OR_NONE } from './schemas';

export interface ServiceParts {
  readonly version: string;
  readonly metrics: IngestMetrics;
  readonly readiness: () => Promise<Readiness>;
  readonly tokens: readonly Token[];
  /** Whether everybody who reaches the door may read what is not for everybody. */
  readonly isOpen: boolean;
}

// The page sets styles on its elements, which scripts of other origins still cannot.
const PAGE_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** Before the routes, so that it sees them all. */
export async function describeRoutes(door: FastifyInstance, version: string): Promise<void> {
  for (const schema of SCHEMAS) door.addSchema(schema);
  await door.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        ...{ title: 'Watchlake ingest', version },
        description: 'Takes events of devices and stores each of them once.',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
    },
    refResolver: { buildLocalReference: ({ $id }) => $id as string },
  });
}

function mayRead({ tokens, isOpen }: ServiceParts, { headers }: FastifyRequest): void {
  if (isOpen) return;
  if (tokens.length === 0) throw new WatchlakeError('UNAUTHORIZED');
  authorize(tokens, headers.authorization, 'read');
}

const healthJson = (description: string) => ({
  description,
  content: { 'application/json': { schema: { $ref: 'Health#' } } },
});

function addHealth(door: FastifyInstance, { readiness }: ServiceParts): void {
  const alive = {
    summary: 'Whether the server runs',
    response: { 200: healthJson('It runs.') },
  };
  door.get('/healthz', { schema: alive }, async () => ({ status: 'ok' }));
  const ready = {
    summary: 'Whether events can be stored now',
    response: { 200: healthJson('They can.'), 503: healthJson('They cannot; parts says why.') },
  };
  door.get('/readyz', { schema: ready }, async (_request, reply) => {
    const { ready: isReady, parts } = await readiness();
    return reply.code(isReady ? 200 : 503).send({ status: isReady ? 'ok' : 'unavailable', parts });
  });
}

function addMetrics(door: FastifyInstance, parts: ServiceParts): void {
  const { registry } = parts.metrics;
  const text = { 'text/plain': { schema: { type: 'string' } } };
  const problem = { 'application/json': { schema: { $ref: 'Problem#' } } };
  const schema = {
    summary: 'Figures for Prometheus',
    security: TOKEN_OR_NONE,
    response: {
      200: { description: 'All of them.', content: text },
      401: { description: 'The request carries no valid token.', content: problem },
      403: { description: 'The token does not allow it.', content: problem },
    },
  };
  door.get('/metrics', { schema }, async (request, reply) => {
    mayRead(parts, request);
    return reply.type(registry.contentType).send(await registry.metrics());
  });
}

async function addPage(door: FastifyInstance): Promise<void> {
  const hide = { schema: { hide: true } };
  door.get('/openapi.json', hide, async () => door.swagger());
  door.get('/', hide, async (_request, reply) => reply.redirect('/docs/'));
  await door.register(async (scope) => {
    // Its files carry a policy of their own, and may be kept.
    scope.addHook('onSend', async (_request, reply) => {
      reply.header('content-security-policy', PAGE_POLICY);
    });
    await scope.register(swaggerUi, {
      routePrefix: '/docs',
      uiConfig: { validatorUrl: null, supportedSubmitMethods: [], docExpansion: 'full' },
      theme: { title: 'Watchlake ingest' },
    });
  });
}

/** A path that there is, asked with another method, says which it takes. */
function refuseMethods(door: FastifyInstance): void {
  const known: Record<string, string> = {
    ...{ '/stream': 'POST', '/healthz': 'GET, HEAD', '/readyz': 'GET, HEAD' },
    ...{ '/metrics': 'GET, HEAD', '/openapi.json': 'GET, HEAD' },
  };
  for (const [url, allow] of Object.entries(known)) {
    const methods = door.supportedMethods.filter((method) => !allow.includes(method));
    door.route({
      ...{ method: methods, url, schema: { hide: true } },
      // Before a body is looked at, which some methods have to have.
      async onRequest({ method }, reply) {
        reply.header('allow', allow);
        throw new WatchlakeError('METHOD_NOT_ALLOWED', { method, path: url });
      },
      handler: async () => undefined,
    });
  }
}

export async function addServiceRoutes(door: FastifyInstance, parts: ServiceParts): Promise<void> {
  addHealth(door, parts);
  addMetrics(door, parts);
  await addPage(door);
  refuseMethods(door);
}
