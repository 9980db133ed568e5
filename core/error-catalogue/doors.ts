/** Errors of: label tasks and HTTP doors. */
import { catalogue, countOf, entry } from './entry';

export const DOORS_ERRORS = catalogue({
  // Label tasks and HTTP doors
  TASK_NOT_FOUND: entry((c) => `There is no label task ${c.task}.`, 'Ask for the next task.', {
    status: 404,
  }),
  TASK_LEASE_LOST: entry(
    (c) => `The label task ${c.task} is no longer yours.`,
    'Ask for the next task.',
    { status: 409 },
  ),
  LABEL_UNKNOWN: entry(
    (c) => `The label ${c.label} is not one of ${c.known}.`,
    "Use one of the campaign's labels.",
    { status: 400 },
  ),
  TASK_ANSWERED: entry(
    (c) => `The label task ${c.task} has another answer already.`,
    'Ask for the next task; the first answer counts.',
    { status: 409 },
  ),
  CAMPAIGN_NOT_FOUND: entry(
    (c) => `There is no campaign ${c.campaign}.`,
    '`watchlake campaigns list` lists them, and so does the home page of the application.',
    { status: 404 },
  ),
  CAMPAIGN_CLOSED: entry(
    (c) => `The campaign ${c.campaign} is closed.`,
    'Answer in an open campaign, which the home page lists, or open one under another name.',
    { status: 409 },
  ),
  CAMPAIGN_DIFFERS: entry(
    (c) => `The campaign ${c.campaign} was opened with another ${c.field}.`,
    'Give the new campaign its own name.',
    { status: 409 },
  ),
  ROUTE_NOT_FOUND: entry(
    (c) => `There is nothing at ${c.method} ${c.path}.`,
    'The home page lists what there is.',
    { status: 404 },
  ),
  BODY_TOO_LARGE: entry(
    (c) => `The request is larger than ${c.limit} bytes.`,
    'Send it in smaller parts.',
    { status: 413 },
  ),
  BODY_TOO_SLOW: entry(
    (c) => `The request's body comes more slowly than ${c.least} bytes a second.`,
    'Send it again; in smaller parts, or compressed, where the link is slow.',
    { status: 408, retryable: true },
  ),
  BODY_NOT_JSON: entry(
    (c) => `The request's body cannot be read: ${c.detail}`,
    'Send JSON with `Content-Type: application/json`.',
    { status: 415 },
  ),
  BODY_EMPTY: entry(() => 'The request has no body.', 'Send one event, an array, or NDJSON.', {
    status: 400,
  }),
  BODY_NOT_GZIP: entry(
    (c) => `The body cannot be decompressed: ${c.detail}`,
    'Compress it with gzip, or send it without Content-Encoding.',
    { status: 400 },
  ),
  ENCODING_UNSUPPORTED: entry(
    (c) => `The content encoding ${c.encoding} is not known here.`,
    'Compress with gzip, or not at all.',
    { status: 415 },
  ),
  TOO_MANY_RECORDS: entry(
    (c) => `The request holds more than ${c.limit} records.`,
    'Send it in smaller parts.',
    { status: 413 },
  ),
  TOO_MANY_PARTS: entry(
    (c) => `The request holds more than ${c.limit} ${c.what}.`,
    'Send it in smaller parts, or what is nested as a flat array.',
    { status: 413 },
  ),
  IDEMPOTENCY_KEY_REUSED: entry(
    () => 'The Idempotency-Key was used for another body.',
    'Give each request a key of its own; repeat a key only with the same body.',
    { status: 422 },
  ),
  INGEST_QUEUE_FULL: entry(
    () => 'More events wait to be stored than may wait.',
    'Send the request again after the time in Retry-After.',
    { status: 503, retryable: true },
  ),
  INGEST_UNAVAILABLE: entry(
    (c) => `Events cannot be stored now${c.detail ? `: ${c.detail}` : '.'}`,
    'Send the request again after the time in Retry-After; what was stored already is recognised.',
    { status: 503, retryable: true },
  ),
  INGEST_UNREACHABLE: entry(
    (c) => `The ingest server does not answer at ${c.url}: ${c.detail}`,
    'Start it with `watchlake devices serve`, or give its address with --server; the same command goes on where it stopped.',
    { retryable: true },
  ),
  INGEST_REFUSED: entry(
    (c) => `The ingest server at ${c.url} refused the request: ${c.detail}`,
    'The message says what to correct; a token is given with --token or INGEST_TOKEN.',
  ),
  SENDING_STOPPED: entry(
    (c) => `Stopped: ${c.sent} of ${c.lines} lines are answered.`,
    'The same command goes on where it stopped.',
  ),
  EVENTS_EMPTY: entry(
    (c) => `${c.file} has no line to send.`,
    'Give a file with one event a line; `watchlake devices generate --out <folder>` makes one to try.',
  ),
  EVENTS_REJECTED: entry(
    (c) => `The ingest server took no line of ${c.file} as an event: ${c.reasons}.`,
    'Give a file with one event a line, as JSON in UTF-8; docs/devices.md says what an event is, and what the reasons mean. The dead-letter topic has the lines as they were sent.',
  ),
  EVENTS_UNSORTED: entry(
    (c) =>
      `${c.file} has events of ${countOf(c.devices, 'device')} in no order that can be replayed in time.`,
    'Sort its lines by time, or by device and time; --fast sends it as it is.',
  ),
  METHOD_NOT_ALLOWED: entry(
    (c) => `${c.path} does not take ${c.method}.`,
    'The Allow header lists what it takes; /docs describes it.',
    { status: 405 },
  ),
  RATE_LIMITED: entry(
    (c) => `More than ${c.limit} requests a minute came from ${c.address}.`,
    'Wait a moment, then go on more slowly.',
    { status: 429, retryable: true },
  ),
  HOST_NOT_ALLOWED: entry(
    (c) => `The request is addressed to ${c.host}, which is not this machine.`,
    'Open it as http://127.0.0.1 or http://localhost, or configure a token: APP_TOKENS for the page, INGEST_TOKENS for the ingest server (docs/security.md).',
    { status: 403 },
  ),
  DOOR_UNPROTECTED: entry(
    (c) => `${c.door} would listen on ${c.host} for everybody, without a token.`,
    'Configure a token (APP_TOKENS; docs/security.md), or listen on 127.0.0.1.',
  ),
  APP_UNAVAILABLE: entry(
    (c) => `The application page does not answer at ${c.url}: ${c.detail}`,
    'Start it with `watchlake up`; what was answered is kept.',
    { retryable: true },
  ),
  APP_REFUSED: entry(
    (c) => `The application page refused ${c.path} with ${c.code}: ${c.detail}`,
    'The message says what to correct.',
  ),
  DEVICE_TOKEN_NOT_FOUND: entry(
    (c) => `There is no valid token ${c.token ?? `of the device ${c.device}`}.`,
    '`watchlake devices token list` shows those that there are; `issue` makes the first of a device.',
    { status: 404 },
  ),
  TOKENS_INVALID: entry(
    (c) => `The tokens cannot be read: ${c.detail}`,
    'Write APP_TOKENS and INGEST_TOKENS as `<role>:<token>`, separated by commas; docs/security.md says what each role may do.',
  ),
  INTERNAL_ERROR: entry(
    (c) => `The request ${c.request} failed for a reason that was not foreseen.`,
    'The log of the worker has the details under the same request id.',
    { status: 500, retryable: true },
  ),
  UNAUTHORIZED: entry(
    () => 'The request carries no valid token.',
    'Send `Authorization: Bearer <token>`.',
    { status: 401 },
  ),
  FORBIDDEN: entry(
    (c) => `The token does not allow ${c.action}.`,
    'Use a token with the role that it needs.',
    { status: 403 },
  ),
});
