/** An http server of one file that knows ranges, and can be told to break off, to change and to forget what it knows. */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface RangeServer {
  readonly address: string;
  content: Buffer;
  /** Connections end after so many bytes of their body; never by default. */
  breaksAfter: number;
  knowsRanges: boolean;
  /** What it calls the version of the file. */
  names: 'etag' | 'weak-etag' | 'last-modified' | 'nothing';
  status: number | null;
  /** First byte of each answer, by request. */
  readonly asked: (string | null)[];
  close(): Promise<void>;
}

const SILENCE_MS = 500;

const etagOf = (content: Buffer): string =>
  `"${createHash('sha256').update(content).digest('hex').slice(0, 12)}"`;

function versionHeaders({ names, content }: RangeServer): Record<string, string> {
  if (names === 'etag') return { etag: etagOf(content) };
  if (names === 'weak-etag') return { etag: `W/${etagOf(content)}` };
  if (names === 'last-modified') {
    const days = content.readUInt8(0);
    return { 'last-modified': new Date(days * 86_400_000).toUTCString() };
  }
  return {};
}

function rangeOf(server: RangeServer, { headers }: IncomingMessage): number | null {
  const [, from] = /^bytes=(\d+)-$/.exec(headers.range ?? '') ?? [];
  if (from === undefined || !server.knowsRanges) return null;
  const condition = headers['if-range'];
  const present = Object.values(versionHeaders(server));
  return condition === undefined || present.includes(condition as string) ? Number(from) : null;
}

function answer(server: RangeServer, request: IncomingMessage, response: ServerResponse): void {
  server.asked.push(request.headers.range ?? null);
  if (server.status !== null) return void response.writeHead(server.status).end();
  const known = request.headers['if-none-match'] ?? request.headers['if-modified-since'];
  if (known !== undefined && Object.values(versionHeaders(server)).includes(known)) {
    return void response.writeHead(304).end();
  }
  const total = server.content.length;
  const from = rangeOf(server, request);
  const headers = versionHeaders(server);
  if (from !== null && from >= total) {
    return void response.writeHead(416, { 'content-range': `bytes */${total}` }).end();
  }
  const body = server.content.subarray(from ?? 0);
  const range = from === null ? {} : { 'content-range': `bytes ${from}-${total - 1}/${total}` };
  const length = { 'content-length': String(body.length) };
  response.writeHead(from === null ? 200 : 206, { ...headers, ...range, ...length });
  if (body.length <= server.breaksAfter) return void response.end(body);
  // What a client has not read yet when the connection breaks, it loses.
  const breakOff = () => void setTimeout(() => response.destroy(), SILENCE_MS);
  response.write(body.subarray(0, server.breaksAfter), breakOff);
}

/** Listens on loopback until it is closed. */
export async function startRangeServer(content: Buffer): Promise<RangeServer> {
  const http = createServer((request, response) => answer(server, request, response));
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const { port } = http.address() as AddressInfo;
  const server: RangeServer = {
    address: `http://127.0.0.1:${port}/archive.zip`,
    ...{ content, breaksAfter: Infinity, knowsRanges: true, names: 'etag', status: null },
    asked: [],
    close: () =>
      new Promise((resolve, reject) => {
        http.closeAllConnections();
        http.close((error) => (error ? reject(error) : resolve()));
      }),
  };
  return server;
}
