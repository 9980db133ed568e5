/** What the bodies of all requests together may take, and when it is given back. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
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
  let release = () => undefined as void;
  const held = new Promise<void>((resolve) => (release = resolve));
  ingest.broker.send = () => held;
  for (const zip of [true, false]) {
    const replies = Array.from({ length: 8 }, (_, at) => large((zip ? 0 : 10_000) + at * 100, zip));
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
