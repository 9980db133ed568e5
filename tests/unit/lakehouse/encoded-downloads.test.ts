/** Servers that send files compressed, whatever was asked for, as stores do that keep them so. */
import { readdir } from 'node:fs/promises';
import type { Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { openSource } from '../../../lakehouse/sources/open-source';
import { temporaryFolder } from '../../support/recordings';

const folder = temporaryFolder();
// Digits that do not repeat: it takes several pieces on the way.
const DIGITS = Array.from({ length: 200_000 }, (_, at) => Math.sin(at).toFixed(9));
const CONTENT = Buffer.from(`timestamp_ms\n${DIGITS.join('\n')}\n`);
const PACKED = gzipSync(CONTENT);

let server: Server;
let breaks = 0;
let body = PACKED;
let etag = '"one"';
const asked: (string | undefined)[] = [];

function send(response: ServerResponse, bytes: Buffer): void {
  if (breaks === 0) return void response.end(bytes);
  breaks -= 1;
  response.write(bytes.subarray(0, bytes.length / 2));
  setTimeout(() => response.destroy(), 200);
}

beforeAll(async () => {
  server = createServer(({ headers: { range, 'if-none-match': known } }, response) => {
    asked.push(range);
    if (known === etag) return void response.writeHead(304).end();
    const from = Number(/^bytes=(\d+)-/.exec(range ?? '')?.[1] ?? 0);
    const part = { 'content-range': `bytes ${from}-${body.length - 1}/${body.length}` };
    response.writeHead(range === undefined ? 200 : 206, {
      ...{ etag, 'content-encoding': 'gzip' },
      ...(range === undefined ? {} : part),
    });
    send(response, body.subarray(from));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => server.close());

const address = (path: string): string =>
  `http://127.0.0.1:${(server.address() as AddressInfo).port}/${path}`;

test.each(['r1.csv', 'r1.csv.gz'])('%s is what it holds', async (path) => {
  const spoolFolder = join(folder.path(), path);
  const opened = await openSource(address(path), { spoolFolder });
  expect(opened.members).toMatchObject([{ name: 'r1.csv', bytes: CONTENT.length }]);
  await opened.close();
  // The file, and the name of its version.
  expect(await readdir(spoolFolder)).toHaveLength(2);
});

test('a compressed file that was compressed once more is unpacked twice', async () => {
  body = gzipSync(PACKED);
  const spoolFolder = join(folder.path(), 'twice');
  const opened = await openSource(address('r1.csv.gz'), { spoolFolder });
  expect(opened.members).toMatchObject([{ name: 'r1.csv', bytes: CONTENT.length }]);
  await opened.close();
  body = PACKED;
});

test('one that breaks off is fetched from its beginning, not from as far as it was unpacked', async () => {
  breaks = 1;
  asked.length = 0;
  const spoolFolder = join(folder.path(), 'broken');
  const opened = await openSource(address('r1.csv'), { spoolFolder });
  expect(opened.members).toMatchObject([{ name: 'r1.csv', bytes: CONTENT.length }]);
  expect(asked).toEqual([undefined, undefined]);
  await opened.close();
});

test('one that is there is asked about, and fetched anew when it has changed', async () => {
  const spoolFolder = join(folder.path(), 'asked');
  const opened = async () => {
    const source = await openSource(address('r1.csv.gz'), { spoolFolder });
    await source.close();
    return source;
  };
  const first = await opened();
  asked.length = 0;
  expect(await opened()).toMatchObject({ stamp: first.stamp, members: first.members });
  expect(asked).toHaveLength(1);
  [body, etag] = [gzipSync('timestamp_ms\n1\n'), '"two"'];
  expect((await opened()).members).toMatchObject([{ name: 'r1.csv', bytes: 15 }]);
  [body, etag] = [PACKED, '"one"'];
});
