/** What the bodies of all requests together may take, and when it is given back. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { parseTokens } from '../../../../core/tokens';
import { event, lines, NDJSON, post, useIngest, type TestIngest } from '../../../support/ingest';

const open = useIngest();
let ingest: TestIngest;

const start: typeof open = async (...options) => (ingest = await open(...options));

test('bodies of all requests together take so much room, and the others come again', async () => {
  await start({ limits: { heldBytes: 2_000_000 } });
  const padded = (sequence: number) =>
    Array.from({ length: 100 }, (_, at) => event(sequence + at, { note: 'x'.repeat(6000) }));
  const large = (sequence: number, zip: boolean) =>
    zip
      ? post(ingest.url, gzipSync(lines(padded(sequence))), {
          ...NDJSON,
          'content-encoding': 'gzip',
        })
      : post(ingest.url, lines(padded(sequence)), NDJSON);
  for (const zip of [true, false]) {
    let release = () => undefined as void;
    const held = new Promise<void>((resolve) => (release = resolve));
    ingest.broker.send = () => held;
    const replies = Array.from({ length: 8 }, (_, at) => large((zip ? 0 : 10_000) + at * 100, zip));
    // Those that were refused have told; the three that were taken wait for the broker.
    let settled = 0;
    for (const reply of replies) void reply.then(() => (settled += 1));
    while (settled < 5) await pause(5);
    const refused = await Promise.race(replies);
    expect(refused).toMatchObject({ status: 503, body: { code: 'INGEST_QUEUE_FULL' } });
    expect(refused.headers.get('retry-after')).toBe('1');
    expect((await Promise.race([post(ingest.url, event(9)), pause(50, null)]))?.status).not.toBe(
      503,
    );
    release();
    const statuses = (await Promise.all(replies)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(3);
    for (let at = 0; at < 8; at += 1)
      expect((await large(50_000 + at * 100, zip)).status).toBe(200);
  }
});

test.each([
  ['nobody who has a token', '', 401],
  ['somebody who sends nothing', 'Authorization: Bearer a-long-enough-secret\r\n', 0],
])('room is not taken by what is announced by %s', async (_, authorization, status) => {
  const tokens = parseTokens('device:a-long-enough-secret');
  await start({ limits: { heldBytes: 8 * 2 ** 20 }, tokens });
  const { hostname, port } = new URL(ingest.url);
  const idle = await Promise.all(
    [1, 2, 3].map(async () => {
      const socket = connect(Number(port), hostname);
      await once(socket, 'connect');
      const bytes = `Content-Length: ${4 * 2 ** 20}\r\n`;
      const type = 'Content-Type: application/json\r\n';
      socket.write(`POST /stream HTTP/1.1\r\nHost: x\r\n${authorization}${type}${bytes}\r\n`);
      const [said] = status === 0 ? [''] : ((await once(socket, 'data')) as [Buffer]);
      return { socket, status: Number(String(said).split(' ')[1] ?? 0) };
    }),
  );
  await pause(50);
  expect(idle.map((each) => each.status)).toEqual([status, status, status]);
  const large = lines(Array.from({ length: 100 }, (_each, at) => event(at, { note: 'x' })));
  const headers = { ...NDJSON, authorization: 'Bearer a-long-enough-secret' };
  expect(large.length).toBeGreaterThan(4096);
  expect((await post(ingest.url, large, headers)).status).toBe(200);
  for (const { socket } of idle) socket.destroy();
});

describe('a body that comes very slowly', () => {
  const limits = { heldBytes: 200_000, bodyBytesPerSecond: 20_000 };
  const large = lines(Array.from({ length: 20 }, (_, at) => event(at, { note: 'x'.repeat(6000) })));

  /** Sends the first bytes of a large body, then so many each 50 ms; what is said to it. */
  async function sendSlowly(bytes: number): Promise<string> {
    const { hostname, port } = new URL(ingest.url);
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    const head = `Content-Type: application/x-ndjson\r\nContent-Length: ${Buffer.byteLength(large)}\r\n`;
    socket.write(`POST /stream HTTP/1.1\r\nHost: ${hostname}\r\n${head}\r\n`);
    let said = '';
    let ended = false;
    socket.on('data', (data: Buffer) => (said += data.toString())).on('error', () => undefined);
    const end = once(socket, 'close').then(() => (ended = true));
    for (let at = 0; !ended && !said.includes('\r\n\r\n'); at += bytes) {
      if (at < large.length) socket.write(large.slice(at, at + bytes));
      await pause(50);
    }
    if (said.startsWith('HTTP/1.1 200')) socket.destroy();
    await end;
    return said;
  }

  test('is ended, and gives back what was held for it', async () => {
    await start({ limits: { ...limits, bodyGraceMs: 5_000 } });
    const slow = sendSlowly(100);
    await pause(100);
    const refused = await post(ingest.url, large, NDJSON);
    expect(refused).toMatchObject({ status: 503, body: { code: 'INGEST_QUEUE_FULL' } });
    const said = await slow;
    expect(said).toMatch(/^HTTP\/1.1 408 [^]*connection: close/i);
    expect(said).toContain('BODY_TOO_SLOW');
    expect((await post(ingest.url, large, NDJSON)).status).toBe(200);
    const metrics = await (await fetch(`${ingest.url}/metrics`)).text();
    expect(metrics).toContain('ingest_refused_requests_total{code="BODY_TOO_SLOW"} 1');
    expect(metrics).toContain('ingest_refused_requests_total{code="INGEST_QUEUE_FULL"} 1');
  });

  test('is waited for beyond the grace while it is fast enough', async () => {
    await start({ limits: { ...limits, bodyGraceMs: 2_000, bodyBytesPerSecond: 4_000 } });
    // 30,000 bytes a second at most, for four seconds: longer than the grace.
    expect(await sendSlowly(1_500)).toMatch(/^HTTP\/1.1 200/);
  });
});

test('who hangs up behind an answer that is still to come gives back what was held for them', async () => {
  await start({ limits: { heldBytes: 2_000_000 } });
  let release = () => undefined as void;
  const held = new Promise<void>((resolve) => (release = resolve));
  ingest.broker.send = () => held;
  const { hostname, port } = new URL(ingest.url);
  const head = (bytes: number) =>
    `POST /stream HTTP/1.1\r\nHost: ${hostname}\r\nContent-Type: application/json\r\nContent-Length: ${bytes}\r\n\r\n`;
  const first = JSON.stringify(event(1));
  for (let time = 0; time < 3; time += 1) {
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    // The second request waits for the first one's answer, and its body never comes.
    socket.write(head(first.length) + first + head(900_000));
    await pause(50);
    socket.destroy();
    await pause(50);
  }
  release();
  const large = lines(
    Array.from({ length: 100 }, (_, at) => event(at, { note: 'x'.repeat(6000) })),
  );
  expect((await post(ingest.url, large, NDJSON)).status).toBe(200);
});
