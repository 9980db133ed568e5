/** The server's API as an OpenAPI document, and a page to read it on. */
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import { errorBody } from '../../core/http-door';
import type { WatchlakeError } from '../../core/errors';
import { SCHEMAS } from './schemas';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What the document says of a route that judges its requests itself. */
    described?: FastifySchema;
  }
}

export const TAGS = { events: 'Events', operation: 'Operation' } as const;

const DESCRIPTION = `Takes events of devices and answers when they are stored, each of them once.

An answer other than 2xx that is not a list of results has a \`code\`, a \`message\` and a \`remedy\`. With 429 and 503, send the same request again, whole, after \`Retry-After\` seconds.

Where tokens are asked for: \`Authorization: Bearer <token>\`.`;

/** An answer as JSON of one of the forms, with an example where the forms have none that fits. */
export const answerAs = (description: string, forms: readonly string[], example?: object) => {
  const references = forms.map((name) => ({ $ref: `${name}#` }));
  const schema = references.length === 1 ? references[0] : { oneOf: references };
  return { description, content: { 'application/json': { schema, ...(example && { example }) } } };
};

/** A refusal of the whole request, with what the catalogue says of it. */
export const refusalAs = (description: string, example: WatchlakeError) =>
  answerAs(description, ['Problem'], errorBody(example));

// The page sets styles on its elements, which scripts of other origins still cannot.
const PAGE_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** The page is for reading: what would send a request, or leads nowhere, is not shown. */
const STYLE = `
.swagger-ui .scheme-container, .swagger-ui .response-col_links, .swagger-ui .response-control-media-type__accept-message,
.swagger-ui .authorization__btn, .swagger-ui .parameters-col_description input { display: none }
.swagger-ui .info { margin: 30px 0 10px }
`;

/** Before the routes, so that it sees them all. */
export async function describeRoutes(door: FastifyInstance, version: string): Promise<void> {
  for (const schema of SCHEMAS) door.addSchema(schema);
  await door.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        ...{ title: 'Watchlake ingest', version, description: DESCRIPTION },
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      tags: [
        { name: TAGS.events, description: 'for devices' },
        { name: TAGS.operation, description: 'for those who run the server' },
      ],
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
    },
    transform: ({ schema, url, route }) => ({ schema: route.config?.described ?? schema, url }),
    refResolver: { buildLocalReference: ({ $id }) => $id as string },
  });
}

export async function addPage(door: FastifyInstance): Promise<void> {
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
      uiConfig: {
        ...{ layout: 'BaseLayout', docExpansion: 'full', defaultModelExpandDepth: 3 },
        ...{ validatorUrl: null, supportedSubmitMethods: [] },
      },
      theme: { title: 'Watchlake ingest', css: [{ filename: 'page.css', content: STYLE }] },
    });
  });
}
