/** What is beside the events: health, readiness and metrics. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { WatchlakeError } from '../../core/errors';
import { authorize, type Token } from '../../core/tokens';
import { addPage, answerAs, refusalAs, TAGS } from './document';
import type { IngestMetrics } from './metrics';
import type { Readiness } from './readiness';
import { TOKEN_OR_NONE } from './schemas';

export interface ServiceParts {
  readonly version: string;
  readonly metrics: IngestMetrics;
  readonly readiness: () => Promise<Readiness>;
  readonly tokens: readonly Token[];
  /** Whether everybody who reaches the door may read what is not for everybody. */
  readonly isOpen: boolean;
}

function mayRead({ tokens, isOpen }: ServiceParts, { headers }: FastifyRequest): void {
  if (isOpen) return;
  if (tokens.length === 0) throw new WatchlakeError('UNAUTHORIZED');
  authorize(tokens, headers.authorization, 'read');
}

const healthOf = (status: string, kafka: string) => ({ status, parts: { kafka, server: 'ok' } });

function addHealth(door: FastifyInstance, { readiness }: ServiceParts): void {
  const alive = {
    ...{ tags: [TAGS.operation], summary: 'Whether the server runs' },
    response: { 200: answerAs('It runs.', ['Health'], { status: 'ok' }) },
  };
  door.get('/healthz', { schema: alive }, async () => ({ status: 'ok' }));
  const ready = {
    ...{ tags: [TAGS.operation], summary: 'Whether events can be stored now' },
    response: {
      200: answerAs('They can.', ['Health'], healthOf('ok', 'ok')),
      503: answerAs(
        'They cannot; parts says why.',
        ['Health'],
        healthOf('unavailable', 'does not answer'),
      ),
    },
  };
  door.get('/readyz', { schema: ready }, async (_request, reply) => {
    const { ready: isReady, parts } = await readiness();
    return reply.code(isReady ? 200 : 503).send({ status: isReady ? 'ok' : 'unavailable', parts });
  });
}

function addMetrics(door: FastifyInstance, parts: ServiceParts): void {
  const { registry } = parts.metrics;
  const example = 'ingest_records_total{status="accepted"} 1';
  const text = { 'text/plain': { schema: { type: 'string' }, example } };
  const schema = {
    ...{ tags: [TAGS.operation], summary: 'Figures for Prometheus' },
    security: TOKEN_OR_NONE,
    response: {
      200: { description: 'All of them.', content: text },
      401: refusalAs('The request carries no valid token.', new WatchlakeError('UNAUTHORIZED')),
      403: refusalAs(
        'The token does not allow it.',
        new WatchlakeError('FORBIDDEN', { action: 'read' }),
      ),
    },
  };
  door.get('/metrics', { schema }, async (request, reply) => {
    mayRead(parts, request);
    return reply.type(registry.contentType).send(await registry.metrics());
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
