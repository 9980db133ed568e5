/** What the OpenAPI document says of `POST /stream`. */
import { WatchlakeError } from '../../core/errors';
import { answerAs, refusalAs, TAGS } from './document';
import { DEFAULT_LIMITS } from './limits';
import { TOKEN_OR_NONE } from './schemas';

const ref = (name: string) => ({ $ref: `${name}#` });
const retryAfter = {
  'Retry-After': { type: 'integer', minimum: 1, description: 'Seconds to wait.' },
};

const EVENTS = { oneOf: [ref('Event'), { type: 'array', items: ref('Event') }] };
export const STREAM = {
  ...{ tags: [TAGS.events], summary: 'Stores events' },
  description:
    'One event, an array of events, or NDJSON: one event a line, also under other names of these types. The answer comes when all of them are stored. The same event is stored once, by its device, date and sequence number or by its device, time and content. A request that failed with 429 or 503 is to be sent again as a whole.',
  security: TOKEN_OR_NONE,
  headers: {
    type: 'object',
    properties: {
      'Idempotency-Key': {
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
    200: answerAs('All events are stored: now, or before.', ['Stored', 'Batch']),
    207: answerAs('Some events are stored and some rejected.', ['Batch']),
    400: answerAs('Nothing is stored: all events are rejected, or the request cannot be read.', [
      'Rejected',
      'Batch',
      'Problem',
    ]),
    401: refusalAs('The request carries no valid token.', new WatchlakeError('UNAUTHORIZED')),
    403: refusalAs(
      'The token does not allow it, or the host is not this machine.',
      new WatchlakeError('FORBIDDEN', { action: 'ingest' }),
    ),
    408: refusalAs(
      'The body comes too slowly.',
      new WatchlakeError('BODY_TOO_SLOW', { least: DEFAULT_LIMITS.bodyBytesPerSecond }),
    ),
    413: refusalAs(
      'The body, or the number of its records or of what they hold, is too large.',
      new WatchlakeError('BODY_TOO_LARGE', { limit: DEFAULT_LIMITS.bodyBytes }),
    ),
    415: refusalAs(
      'The type or encoding of the body is not known.',
      new WatchlakeError('ENCODING_UNSUPPORTED', { encoding: 'br' }),
    ),
    422: refusalAs(
      'The Idempotency-Key was used for another body.',
      new WatchlakeError('IDEMPOTENCY_KEY_REUSED'),
    ),
    429: {
      ...refusalAs(
        'Too many requests.',
        new WatchlakeError('RATE_LIMITED', { limit: 600, address: '192.0.2.1' }),
      ),
      headers: retryAfter,
    },
    503: {
      ...refusalAs('Events cannot be stored now.', new WatchlakeError('INGEST_QUEUE_FULL')),
      headers: retryAfter,
    },
  },
};
