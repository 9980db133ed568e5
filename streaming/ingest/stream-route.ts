/** `POST /stream`: from a request's bytes to the answer that tells what became of each event. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { isWatchlakeError, WatchlakeError } from '../../core/errors';
import { isOver } from '../../core/when-over';
import { answerOf } from './answer';
import { fingerprintOf, type Answer, type KeptAnswers } from './answers';
import { bytesOf, SHORT_BODY_BYTES, takeBytes } from './body';
import type { BodyBudget } from './body-budget';
import type { IngestLimits } from './limits';
import type { IngestMetrics } from './metrics';
import type { Reception } from './reception';
import { recordsOf } from './records';
import type { Sender, Senders } from './senders';
import { STREAM } from './stream-document';
import type { Turns } from './turns';

declare module 'fastify' {
  interface FastifyRequest {
    /** Of whoever was let in. */
    sender: Sender | null;
  }
}

export interface StreamRouteParts {
  readonly reception: Reception;
  readonly answers: KeptAnswers;
  readonly senders: Senders;
  readonly limits: IngestLimits;
  readonly metrics: IngestMetrics;
  readonly turns: Turns;
  readonly budget: BodyBudget;
}

const JSON_TYPE = 'application/json; charset=utf-8';
const KEY = /^[\x21-\x7e]{1,255}$/;

/** Undefined when there is none; throws INPUT_INVALID. */
function idempotencyKeyOf({ headers }: FastifyRequest): string | undefined {
  const key = headers['idempotency-key'];
  if (key === undefined) return undefined;
  if (typeof key === 'string' && KEY.test(key)) return key;
  const detail = 'expected 1 to 255 printable ASCII characters without spaces';
  throw new WatchlakeError('INPUT_INVALID', { field: 'Idempotency-Key', detail });
}

interface ReadRequest {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly sender: Sender;
  readonly body: Buffer;
}

class StreamHandler {
  private readonly parts: StreamRouteParts;
  /** By sender and key: a request that comes again meanwhile waits for the same answer. */
  private readonly underWay = new Map<string, { fingerprint: string; answer: Promise<Answer> }>();

  constructor(parts: StreamRouteParts) {
    this.parts = parts;
  }

  /** Before anything of the body is read or held. Throws UNAUTHORIZED and FORBIDDEN. */
  async letIn(request: FastifyRequest): Promise<void> {
    request.sender = await this.parts.senders(request.headers.authorization);
  }

  async handle(request: FastifyRequest, reply: FastifyReply): Promise<Answer> {
    const { budget } = this.parts;
    const isLarge = ((request.body as Buffer | undefined)?.length ?? 0) > SHORT_BODY_BYTES;
    const isPacked = request.headers['content-encoding'] !== undefined;
    if (!isLarge && !isPacked) return this.answer(request, reply);
    return budget.during(reply.raw, () => this.answer(request, reply));
  }

  private async answer(request: FastifyRequest, reply: FastifyReply): Promise<Answer> {
    const { sender } = request;
    if (sender === null) throw new WatchlakeError('UNAUTHORIZED');
    const body = await bytesOf(request, reply, this.parts);
    const key = idempotencyKeyOf(request);
    const from = { request, reply, sender, body };
    if (key === undefined) return this.store(from, null);
    return this.once(sender, key, fingerprintOf(body), () => this.store(from, key));
  }

  private async store(
    { request, reply, sender, body }: ReadRequest,
    name: string | null,
  ): Promise<Answer> {
    const { reception, limits, metrics, turns } = this.parts;
    // What is longer takes milliseconds to read: it is read in a turn of its own.
    if (body.length > SHORT_BODY_BYTES) {
      await turns.take(body.length);
      // Nobody waits for the answer, and nothing was said to be stored.
      if (isOver(reply.raw)) throw new WatchlakeError('INGEST_QUEUE_FULL');
    }
    const { single, records } = recordsOf(body, request.headers['content-type'], limits);
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

export async function addStreamRoute(door: FastifyInstance, parts: StreamRouteParts) {
  const handler = new StreamHandler(parts);
  await door.register(async (scope) => {
    scope.decorateRequest('sender', null);
    scope.addHook('onRequest', (request) => handler.letIn(request));
    takeBytes(scope, parts);
    scope.addHook('onError', (_request, _reply, error: unknown, done) => {
      parts.metrics.countRefusal(isWatchlakeError(error) ? error.code : 'INTERNAL_ERROR');
      done();
    });
    scope.addHook('onResponse', (_request, reply, done) => {
      parts.metrics.countRequest(reply.statusCode, reply.elapsedTime / 1000);
      done();
    });
    scope.post('/stream', {
      // Each record is judged by itself, and the answers are written already.
      config: { described: STREAM },
      handler(request: FastifyRequest, reply: FastifyReply) {
        const answered = ({ status, body }: Answer) => {
          void reply.code(status).header('content-type', JSON_TYPE).send(body);
        };
        handler.handle(request, reply).then(answered, (error: unknown) => void reply.send(error));
      },
    });
  });
}
