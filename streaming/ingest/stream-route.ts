/** `POST /stream`: from a request's bytes to the answer that tells what became of each event. */
import { randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { WatchlakeError } from '../../core/errors';
import { answerOf } from './answer';
import { fingerprintOf, type Answer, type KeptAnswers } from './answers';
import { bytesOf, takeBytes } from './body';
import type { IngestLimits } from './limits';
import type { IngestMetrics } from './metrics';
import type { Reception } from './reception';
import { recordsOf } from './records';
import { TOKEN_OR_NONE } from './schemas';
import type { Sender, Senders } from './senders';

export interface StreamRouteParts {
  readonly reception: Reception;
  readonly answers: KeptAnswers;
  readonly senders: Senders;
  readonly limits: IngestLimits;
  readonly metrics: IngestMetrics;
}

const KEY = /^[\x21-\x7e]{1,255}$/;

/** Undefined when there is none; throws INPUT_INVALID. */
function idempotencyKeyOf({ headers }: FastifyRequest): string | undefined {
  const key = headers['idempotency-key'];
  if (key === undefined) return undefined;
  if (typeof key === 'string' && KEY.test(key)) return key;
  const detail = 'expected 1 to 255 printable ASCII characters without spaces';
  throw new WatchlakeError('INPUT_INVALID', { field: 'Idempotency-Key', detail });
}

export class StreamHandler {
  private readonly parts: StreamRouteParts;
  /** By sender and key: a request that comes again meanwhile waits for the same answer. */
  private readonly underWay = new Map<string, { fingerprint: string; answer: Promise<Answer> }>();

  constructor(parts: StreamRouteParts) {
    this.parts = parts;
  }

  async handle(request: FastifyRequest): Promise<Answer> {
    const sender = await this.parts.senders(request.headers.authorization);
    const body = await bytesOf(request, this.parts.limits);
    const key = idempotencyKeyOf(request);
    if (key === undefined) return this.store(request, sender, body, randomUUID());
    return this.once(sender, key, fingerprintOf(body), () =>
      this.store(request, sender, body, key),
    );
  }

  private async store(
    { headers }: FastifyRequest,
    sender: Sender,
    body: Buffer,
    name: string,
  ): Promise<Answer> {
    const { reception, limits, metrics } = this.parts;
    const { single, records } = recordsOf(body, headers['content-type'], limits);
    const { deviceId } = sender;
    const outcomes = await reception.receive({ request: name, deviceId, records });
    metrics.countOutcomes(outcomes);
    return answerOf(single, outcomes);
  }

  private async once(
    sender: Sender,
    key: string,
    fingerprint: string,
    work: () => Promise<Answer>,
  ): Promise<Answer> {
    const name = JSON.stringify([sender.name, key]);
    const running = this.underWay.get(name);
    const kept = running ? undefined : this.parts.answers.find(sender.name, key, fingerprint);
    if (kept === null || (running && running.fingerprint !== fingerprint))
      throw new WatchlakeError('IDEMPOTENCY_KEY_REUSED');
    if (kept) return kept;
    if (running) return running.answer;
    const answer = work();
    this.underWay.set(name, { fingerprint, answer });
    void this.keep(sender, key, fingerprint, answer).finally(() => this.underWay.delete(name));
    return answer;
  }

  /** A failure is no answer: the same key may be sent again. */
  private async keep(
    sender: Sender,
    key: string,
    fingerprint: string,
    answer: Promise<Answer>,
  ): Promise<void> {
    const known = await answer.catch(() => null);
    if (known === null) return;
    // Unwritten, it costs the repetition its answer; the events are known all the same.
    await this.parts.answers
      .keep(sender.name, key, { ...known, fingerprint })
      .catch(() => undefined);
  }
}

const ref = (name: string) => ({ $ref: `${name}#` });
const json = (description: string, ...schemas: object[]) => ({
  description,
  content: {
    'application/json': { schema: schemas.length === 1 ? schemas[0] : { oneOf: schemas } },
  },
});

const retryAfter = {
  'Retry-After': { schema: { type: 'integer', minimum: 1 }, description: 'Seconds to wait.' },
};

const EVENTS = { oneOf: [ref('Event'), { type: 'array', items: ref('Event') }] };
const schema = {
  summary: 'Stores events',
  description:
    'One event, an array of events, or NDJSON: one event a line, also under other names of these types. The answer comes when all of them are stored. The same event is stored once, by its device and sequence number or by its device, time and content. A request that failed with 429 or 503 is to be sent again as a whole.',
  security: TOKEN_OR_NONE,
  headers: {
    type: 'object',
    properties: {
      'idempotency-key': {
        type: 'string',
        ...{ minLength: 1, maxLength: 255, pattern: '^[!-~]+$' },
        description: 'The same key with the same body gets the same answer for a day.',
      },
    },
  },
  body: {
    required: true,
    content: {
      'application/json': { schema: EVENTS },
      'application/x-ndjson': { schema: { ...ref('Event'), description: 'One of them a line.' } },
    },
  },
  response: {
    200: json('All events are stored: now, or before.', ref('Stored'), ref('Batch')),
    207: json('Some events are stored and some rejected.', ref('Batch')),
    400: json(
      'Nothing is stored: all events are rejected, or the request cannot be read.',
      ...[ref('Rejected'), ref('Batch'), ref('Problem')],
    ),
    401: json('The request carries no valid token.', ref('Problem')),
    403: json('The token does not allow it, or the host is not this machine.', ref('Problem')),
    413: json('The body, or the number of its records, is too large.', ref('Problem')),
    415: json('The type or encoding of the body is not known.', ref('Problem')),
    422: json('The Idempotency-Key was used for another body.', ref('Problem')),
    429: { ...json('Too many requests.', ref('Problem')), headers: retryAfter },
    503: { ...json('Events cannot be stored now.', ref('Problem')), headers: retryAfter },
  },
};

export async function addStreamRoute(door: FastifyInstance, parts: StreamRouteParts) {
  const handler = new StreamHandler(parts);
  await door.register(async (scope) => {
    takeBytes(scope, parts.limits.bodyBytes);
    scope.addHook('onResponse', (_request, reply, done) => {
      parts.metrics.countRequest(reply.statusCode, reply.elapsedTime / 1000);
      done();
    });
    scope.post('/stream', {
      schema,
      // Each record is judged by itself, and the answers are written already.
      validatorCompiler: () => () => true,
      serializerCompiler: () => (data) => JSON.stringify(data),
      async handler(request: FastifyRequest, reply: FastifyReply) {
        const { status, body } = await handler.handle(request);
        return reply.code(status).type('application/json; charset=utf-8').send(body);
      },
    });
  });
}
