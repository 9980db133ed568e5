/** A step's log as S3 answers for it: late, denied, damaged or very long. */
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { S3Client } from '@aws-sdk/client-s3';
import { causeInLog } from '../../../../lakehouse/engines/emr/step-log';

const LOG = gzipSync('at x\nCaused by: java.lang.IllegalStateException: no rows\n\tat y\n');

type Answer = (response: ServerResponse) => void;

const error =
  (status: number, code: string): Answer =>
  (response) => {
    const body = `<Error><Code>${code}</Code><Message>said by S3</Message></Error>`;
    response.writeHead(status, { 'content-type': 'application/xml' }).end(body);
  };
const bytes =
  (body: Buffer): Answer =>
  (response) =>
    void response.writeHead(200).end(body);

interface Waiting {
  waitMs?: number;
  signal?: AbortSignal;
}

let server: Server;
let answers: Answer[];
let asked: string[];

beforeAll(async () => {
  server = createServer(({ url = '' }, response) => {
    asked.push(url);
    const answer = answers.length > 1 ? answers.shift() : answers[0];
    answer?.(response);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

function causeAfter(given: Answer[], { waitMs = 30_000, signal }: Waiting = {}) {
  answers = [...given];
  asked = [];
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const credentials = { accessKeyId: 'made', secretAccessKey: 'made' };
  const s3 = new S3Client({ endpoint, credentials, region: 'eu-central-1', forcePathStyle: true });
  const logs = { s3: () => s3, waitMs, everyMs: 5 };
  return causeInLog(logs, 's3://bucket/logs', { place: 'j-1', id: 's-1', signal }).finally(() =>
    s3.destroy(),
  );
}

test.each([
  ['that is not there yet', error(404, 'NoSuchKey')],
  ['that may not be seen until it is there', error(403, 'AccessDenied')],
])('a log %s is waited for', async (_what, first) => {
  const { cause } = await causeAfter([first, first, bytes(LOG)]);
  expect(cause).toContain('IllegalStateException: no rows');
  expect(asked).toHaveLength(3);
  expect(asked[0]).toContain('/bucket/logs/j-1/steps/s-1/stderr.gz');
});

test.each([
  ['never comes', error(404, 'NoSuchKey'), /none came/],
  ['is denied', error(403, 'AccessDenied'), /AccessDenied: said by S3/],
])('a log that %s is told to be missing, and no failure', async (_what, answer, why) => {
  const { cause, unread } = await causeAfter([answer], { waitMs: 50 });
  expect(cause).toBeNull();
  expect(unread).toMatch(why);
});

test.each([
  ['damaged', Buffer.from('no gzip at all'), /incorrect header check/],
  ['cut off', LOG.subarray(0, LOG.length - 12), /unexpected end of file/],
])('a log that is %s is told to be so at once', async (_what, body, why) => {
  const { cause, unread } = await causeAfter([bytes(body)]);
  expect(cause).toBeNull();
  expect(unread).toMatch(why);
  expect(asked).toHaveLength(1);
});

test('of a log of many times what is kept the end is read', async () => {
  const noise = Buffer.alloc(8 * 2 ** 20, 'at a line of a stack\n');
  const end = Buffer.from('\njava.lang.IllegalStateException: the last word\n');
  const { cause } = await causeAfter([bytes(gzipSync(Buffer.concat([noise, end])))]);
  expect(cause).toContain('the last word');
});

test('whoever is told to stop does not wait for it', async () => {
  const stop = new AbortController();
  const reason = new Error('cancelled');
  const waiting = causeAfter([() => setTimeout(() => stop.abort(reason), 20)], {
    signal: stop.signal,
  });
  await expect(waiting).rejects.toBe(reason);
});
