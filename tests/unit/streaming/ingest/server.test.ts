/** What the ingest server promises to devices, whatever they send. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { deviceTopics } from '../../../../streaming/topics';
import {
  event,
  lines,
  NDJSON,
  post,
  startIngest,
  useIngest,
  type TestIngest,
} from '../../../support/ingest';

const open = useIngest();
let ingest: TestIngest;

const start: typeof open = async (...options) => (ingest = await open(...options));

const metrics = async () => (await fetch(`${ingest.url}/metrics`)).text();
const stored = () => ingest.broker.events.map(({ value }) => JSON.parse(String(value)) as unknown);
const reasons = () => ingest.broker.deadLetters.map(({ headers }) => headers?.reason);

describe('what it takes', () => {
  beforeEach(() => start());

  test('one event is answered by itself, and stored as it was sent', async () => {
    const text = '{"Device ID": "watch-1", "date":"2024-05-01 10:00:00.125", "colour":"red"}';
    const { status, body } = await post(ingest.url, text);
    expect({ status, body }).toEqual({ status: 200, body: { status: 'accepted' } });
    const [message] = ingest.broker.events;
    expect(message).toMatchObject({ key: 'watch-1', value: text });
    expect(message?.headers).toEqual({
      'event-id': expect.stringMatching(/^[0-9a-f]{32}$/) as string,
      'received-at': expect.stringMatching(/^\d{4}-.*Z$/) as string,
    });
  });

  test('an event over several lines is stored on one', async () => {
    await post(ingest.url, JSON.stringify(event(1), null, 2));
    expect(ingest.broker.events[0]?.value).toBe(JSON.stringify(event(1)));
  });

  test.each([
    ['an array', JSON.stringify([event(1), event(2)]), {}],
    ['NDJSON', lines([event(1), event(2)]), NDJSON],
    ['NDJSON that is called JSON', lines([event(1), event(2)]), {}],
    [
      'NDJSON without a known type',
      lines([event(1), event(2)]),
      { 'content-type': 'application/octet-stream' },
    ],
    ['NDJSON as plain text', lines([event(1), event(2)]), { 'content-type': 'text/plain' }],
    [
      'lines of Windows, some empty',
      `\r\n${JSON.stringify(event(1))}\r\n\r\n${JSON.stringify(event(2))}\r\n`,
      NDJSON,
    ],
  ])('%s', async (_name, body, headers) => {
    const reply = await post(ingest.url, body, headers);
    expect(reply.status).toBe(200);
    expect(reply.body).toEqual({
      ...{ accepted: 2, duplicate: 0, rejected: 0 },
      results: [
        { index: 0, status: 'accepted' },
        { index: 1, status: 'accepted' },
      ],
    });
    expect(stored()).toEqual([event(1), event(2)]);
  });

  test('a compressed body', async () => {
    const body = gzipSync(lines([event(1), event(2)]));
    const reply = await post(ingest.url, body, { ...NDJSON, 'content-encoding': 'gzip' });
    expect(reply.body.accepted).toBe(2);
  });

  test('bad lines spoil no good ones, and lie in the dead letters with their reason', async () => {
    const body = Buffer.concat([
      Buffer.from(`${lines([event(1), { hr: 1 }, event(2, { hr: 'x' })])}\n{"device\n`),
      Buffer.from([0x7b, 0xff, 0x7d, 0x0a]),
      Buffer.from(lines([event(3, { timestamp: Date.now() / 1000 + 3600 }), event(4)])),
    ]);
    const reply = await post(ingest.url, body, { ...NDJSON, 'idempotency-key': 'k' });
    expect(reply.status).toBe(207);
    expect(reply.body).toMatchObject({ accepted: 2, duplicate: 0, rejected: 5 });
    expect(reply.body.results?.map(({ code }) => code)).toEqual([
      ...[undefined, 'missing-device', 'wrong-type', 'not-json', 'not-utf-8', 'clock-ahead'],
      undefined,
    ]);
    expect(reply.body.results?.[2]).toMatchObject({ index: 2, field: 'hr', retryable: false });
    // When its time has come it is an event like any other.
    expect(reply.body.results?.[5]).toMatchObject({ code: 'clock-ahead', retryable: true });
    expect(stored()).toEqual([event(1), event(4)]);
    expect(reasons()).toEqual([
      'missing-device',
      'wrong-type',
      'not-json',
      'not-utf-8',
      'clock-ahead',
    ]);
    const [first, second, , fourth, fifth] = ingest.broker.deadLetters;
    expect(first).toMatchObject({ key: null, value: Buffer.from('{"hr":1}') });
    expect(second?.headers).toMatchObject({ field: 'hr', record: 'k/2' });
    expect(fourth?.value).toEqual(Buffer.from([0x7b, 0xff, 0x7d]));
    expect(fifth?.key).toBe('watch-1');
  });

  test('one event that is none is a bad request with its reason', async () => {
    const reply = await post(ingest.url, { device_id: 'watch-1' });
    expect(reply.status).toBe(400);
    expect(reply.body).toMatchObject({
      status: 'rejected',
      code: 'missing-time',
      retryable: false,
    });
    expect((await post(ingest.url, 'nonsense')).body.code).toBe('not-json');
    expect((await post(ingest.url, '[1, 2')).body.code).toBe('not-json');
    expect((await post(ingest.url, '7')).body.code).toBe('not-an-object');
    expect(reasons()).toEqual(['missing-time', 'not-json', 'not-json', 'not-an-object']);
  });
});

describe('its limits', () => {
  const limits = {
    bodyBytes: 3000,
    decompressedBytes: 5000,
    recordBytes: 200,
    recordsPerRequest: 5,
  };
  beforeEach(() => start({ limits }));

  test('of body, decompressed body and number of records', async () => {
    const large = lines(Array.from({ length: 100 }, (_, index) => event(index)));
    expect(await post(ingest.url, large, NDJSON)).toMatchObject({
      status: 413,
      body: { code: 'BODY_TOO_LARGE' },
    });
    const gzip = { ...NDJSON, 'content-encoding': 'gzip' };
    const bomb = await post(ingest.url, gzipSync(Buffer.alloc(1_000_000)), gzip);
    expect(bomb).toMatchObject({ status: 413, body: { code: 'BODY_TOO_LARGE' } });
    const many = Array.from({ length: 6 }, (_, index) => event(index));
    for (const body of [lines(many), JSON.stringify(many)])
      expect(await post(ingest.url, body)).toMatchObject({
        status: 413,
        body: { code: 'TOO_MANY_RECORDS' },
      });
    expect(stored()).toEqual([]);
  });

  test('of one record, whose dead letter keeps its beginning', async () => {
    const long = event(1, { note: 'x'.repeat(300) });
    const reply = await post(ingest.url, lines([long, event(2)]), NDJSON);
    expect(reply).toMatchObject({ status: 207, body: { accepted: 1, rejected: 1 } });
    expect((await post(ingest.url, [long])).status).toBe(400);
    const text = JSON.stringify(long);
    for (const letter of ingest.broker.deadLetters) {
      expect(letter.value).toEqual(Buffer.from(text.slice(0, 200)));
      expect(letter.headers).toMatchObject({
        reason: 'too-long',
        'original-bytes': String(text.length),
      });
    }
  });

  test('of nesting', async () => {
    const deep = `${'['.repeat(1000)}${']'.repeat(1000)}`;
    expect((await post(ingest.url, deep)).body.code).toBe('too-deep');
    const inEvent = `{"device_id":"a","timestamp":1700000000,"x":${'['.repeat(60)}${']'.repeat(60)}}`;
    expect((await post(ingest.url, inEvent)).body).toMatchObject({
      code: 'out-of-range',
      field: 'x',
    });
  });

  test('what cannot be read as a whole says why', async () => {
    const gzip = { 'content-encoding': 'gzip' };
    expect(await post(ingest.url, '{}', gzip)).toMatchObject({
      status: 400,
      body: { code: 'BODY_NOT_GZIP' },
    });
    expect(await post(ingest.url, '{}', { 'content-encoding': 'br' })).toMatchObject({
      status: 415,
    });
    expect(
      await post(ingest.url, 'a=1', { 'content-type': 'application/x-www-form-urlencoded' }),
    ).toMatchObject({ status: 415 });
    expect(await post(ingest.url, '')).toMatchObject({ status: 400, body: { code: 'BODY_EMPTY' } });
    expect(await post(ingest.url, '\n \n')).toMatchObject({
      status: 400,
      body: { code: 'BODY_EMPTY' },
    });
    const page = { 'content-type': 'text/plain', origin: 'http://elsewhere.example' };
    expect(await post(ingest.url, event(1), page)).toMatchObject({ status: 415 });
  });
});

describe('each event once', () => {
  beforeEach(() => start());

  test('by content, by sequence, within a request and between requests', async () => {
    const same = { 'Device ID': 'watch-1', timestamp: 1_700_000_001, 'Heart Rate': 60, steps: 3 };
    const first = await post(ingest.url, [event(1), same, event(2, { sequence: 7 })]);
    expect(first.body).toMatchObject({ accepted: 2, duplicate: 1 });
    expect((await post(ingest.url, event(1))).body).toEqual({ status: 'duplicate' });
    expect((await post(ingest.url, event(9, { sequence: 7 }))).body).toEqual({
      status: 'duplicate',
    });
    expect(ingest.broker.events).toHaveLength(2);
  });

  test('a number that comes again on another day is another event', async () => {
    const midnight = 1_700_006_400;
    const at = (timestamp: number) => event(0, { sequence: 7, timestamp });
    const first = await post(ingest.url, [at(midnight - 1), at(midnight), at(midnight + 5)]);
    expect(first.body).toMatchObject({ accepted: 2, duplicate: 1 });
    const again = [at(midnight - 9), at(midnight + 86_399), at(midnight + 86_400)];
    expect((await post(ingest.url, again)).body).toMatchObject({ accepted: 1, duplicate: 2 });
    expect(ingest.broker.events).toHaveLength(3);
  });

  test('the same event at the same moment is stored once, and both wait for it', async () => {
    let release = () => undefined as void;
    const held = new Promise<void>((resolve) => (release = resolve));
    ingest.broker.send = () => held;
    const replies = Array.from({ length: 5 }, () => post(ingest.url, event(1)));
    const early = await Promise.race([...replies, pause(100, 'none')]);
    expect(early).toBe('none');
    release();
    const statuses = (await Promise.all(replies)).map(({ body }) => body.status);
    expect(statuses.sort()).toEqual([
      'accepted',
      'duplicate',
      'duplicate',
      'duplicate',
      'duplicate',
    ]);
    expect(ingest.broker.events).toHaveLength(1);
  });

  test('the same key gets the same answer, also at the same moment', async () => {
    const key = { 'idempotency-key': 'one' };
    const [first, second] = await Promise.all([
      post(ingest.url, [event(1), {}], key),
      post(ingest.url, [event(1), {}], key),
    ]);
    const third = await post(ingest.url, [event(1), {}], key);
    expect(first.body).toMatchObject({ accepted: 1, rejected: 1 });
    expect(second).toMatchObject({ status: first.status, body: first.body });
    expect(third).toMatchObject({ status: first.status, body: first.body });
    expect(ingest.broker.deadLetters).toHaveLength(1);
    expect(await post(ingest.url, event(2), key)).toMatchObject({
      status: 422,
      body: { code: 'IDEMPOTENCY_KEY_REUSED' },
    });
    expect(await post(ingest.url, event(2), { 'idempotency-key': 'two words' })).toMatchObject({
      status: 400,
    });
  });

  test('a restart forgets neither events nor answers', async () => {
    const key = { 'idempotency-key': 'one' };
    const before = await post(ingest.url, [event(1), event(2)], key);
    const { broker, folder, server } = ingest;
    await server.close();
    const again = await startIngest({ folder }, broker);
    expect(await post(again.url, [event(1), event(2)], key)).toMatchObject({ body: before.body });
    expect((await post(again.url, [event(2), event(3)])).body).toMatchObject({
      accepted: 1,
      duplicate: 1,
    });
    await again.close();
    expect(broker.events).toHaveLength(3);
  });

  test.each([
    [2, { duplicate: 1 }],
    [0, { accepted: 1 }],
  ])('a server that may not read its topic goes by its end, %d', async (end, outcome) => {
    ingest.broker.lastSent = ([message]) => [{ partition: 0, offset: 1, message }];
    await post(ingest.url, [event(1)]);
    const { broker, folder, server } = ingest;
    await server.close();
    broker.port.bounds = async () => new Map([[0, { start: 0, end }]]);
    const again = await startIngest({ folder }, broker);
    expect((await post(again.url, [event(1)])).body).toMatchObject(outcome);
    await again.close();
  });

  test('a topic of another name holds nothing of what was stored before', async () => {
    const key = { 'idempotency-key': 'one' };
    // A broker that says where messages lie, as it needs them to be told apart.
    ingest.broker.lastSent = ([message]) => [{ partition: 0, offset: 0, message }];
    await post(ingest.url, [event(1), event(2)], key);
    const { broker, folder, server } = ingest;
    await server.close();
    const again = await startIngest({ folder, topics: deviceTopics('another_topic') }, broker);
    expect((await post(again.url, [event(1), event(2)], key)).body).toMatchObject({ accepted: 2 });
    await again.close();
    expect(broker.stored['another_topic']).toHaveLength(2);
  });
});

describe('a broker that is away', () => {
  beforeEach(() => start({ limits: { queuedRecords: 3 } }));

  test('is answered with a failure that passes, and what comes again is stored', async () => {
    ingest.broker.send = () => Promise.reject(new Error('gone'));
    const key = { 'idempotency-key': 'one' };
    const failed = await post(ingest.url, event(1), key);
    expect(failed).toMatchObject({ status: 503, body: { code: 'INGEST_UNAVAILABLE' } });
    expect(Number(failed.headers.get('retry-after'))).toBeGreaterThan(0);
    ingest.broker.send = async () => undefined;
    expect(await post(ingest.url, event(1), key)).toMatchObject({
      status: 200,
      body: { status: 'accepted' },
    });
    expect(ingest.broker.opened).toBe(2);
  });

  test('lets nothing pass a batch that failed', async () => {
    let fail: (() => void) | undefined;
    ingest.broker.send = () =>
      new Promise((_resolve, reject) => (fail = () => reject(new Error('gone'))));
    const first = post(ingest.url, event(1));
    while (fail === undefined) await pause(5);
    const second = post(ingest.url, event(2));
    while (!(await metrics()).includes('queued_records{topic="events_topic"} 2')) await pause(5);
    ingest.broker.send = async () => undefined;
    fail();
    expect((await first).status).toBe(503);
    expect((await second).status).toBe(503);
    expect(stored()).toEqual([]);
  });

  test('a queue that is full refuses at once, and leaves no dead letters behind', async () => {
    let release = () => undefined as void;
    const held = new Promise<void>((resolve) => (release = resolve));
    ingest.broker.send = () => held;
    const waiting = post(ingest.url, [event(1), event(2), event(3)]);
    while (!(await metrics()).includes('queued_records{topic="events_topic"} 3')) await pause(5);
    const refused = await post(ingest.url, [event(4), {}]);
    expect(refused).toMatchObject({ status: 503, body: { code: 'INGEST_QUEUE_FULL' } });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    release();
    expect((await waiting).body.accepted).toBe(3);
    expect(ingest.broker.deadLetters).toEqual([]);
  });
});

test('a shutdown answers what was taken, and takes nothing more', async () => {
  await start();
  let release = () => undefined as void;
  const held = new Promise<void>((resolve) => (release = resolve));
  ingest.broker.send = () => held;
  const replies = Array.from({ length: 20 }, (_, index) => post(ingest.url, event(index)));
  while (!(await metrics()).includes('queued_records{topic="events_topic"} 20')) await pause(10);
  const closed = ingest.server.close();
  await pause(50);
  await expect(post(ingest.url, event(21))).rejects.toThrow();
  release();
  await closed;
  expect((await Promise.all(replies)).map(({ status }) => status)).toEqual(Array(20).fill(200));
  expect(ingest.broker.events).toHaveLength(20);
});

test('a shutdown does not wait for who is connected and asks nothing', async () => {
  await start();
  const silent = connect(Number(new URL(ingest.url).port), '127.0.0.1');
  await once(silent, 'connect');
  const hungUp = once(silent, 'close');
  // Far less than the time that a request may take to arrive.
  const closed = ingest.server.close().then(() => 'closed');
  expect(await Promise.race([closed, pause(3_000)])).toBe('closed');
  await hungUp;
});

describe('what is beside the events', () => {
  beforeEach(() => start());

  test('metrics count what became of the records', async () => {
    await post(ingest.url, [event(1), event(1), {}]);
    const text = await metrics();
    for (const line of [
      'ingest_records_total{status="accepted"} 1',
      'ingest_records_total{status="duplicate"} 1',
      'ingest_rejections_total{code="missing-device"} 1',
      'ingest_request_seconds_count{status="207"} 1',
      'ingest_queued_records{topic="events_topic"} 0',
    ])
      expect(text).toContain(line);
  });

  test('a broker that does not answer makes it unready, not dead', async () => {
    (ingest.broker.port as { bounds: unknown }).bounds = () => Promise.reject(new Error('gone'));
    const ready = await fetch(`${ingest.url}/readyz`);
    expect([ready.status, await ready.json()]).toEqual([
      503,
      { status: 'unavailable', parts: { kafka: 'does not answer', server: 'ok' } },
    ]);
    expect((await fetch(`${ingest.url}/healthz`)).status).toBe(200);
  });

  test('the document describes the routes, and a page shows it', async () => {
    const document = (await (await fetch(`${ingest.url}/openapi.json`)).json()) as {
      openapi: string;
      paths: Record<string, object>;
    };
    expect(document.openapi).toBe('3.1.0');
    expect(Object.keys(document.paths)).toEqual(['/stream', '/healthz', '/readyz', '/metrics']);
    const { '/stream': stream } = document.paths;
    expect(stream).toHaveProperty(
      ['post', 'responses', '429', 'headers', 'Retry-After', 'schema', 'type'],
      'integer',
    );
    const page = await fetch(`${ingest.url}/`);
    expect(page.url).toMatch(/\/docs\/$/);
    expect(page.headers.get('content-security-policy')).toContain("script-src 'self'");
    expect(await page.text()).not.toMatch(/(src|href)="https?:/);
  });

  test('another method is told which there are', async () => {
    const reply = await fetch(`${ingest.url}/stream`);
    expect([reply.status, reply.headers.get('allow')]).toEqual([405, 'POST']);
    expect((await fetch(`${ingest.url}/nothing`)).status).toBe(404);
  });
});
