/** An http server of one file that knows ranges, and can be told to break off, to wait, to change and to forget what it knows. */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface RangeServer {
  readonly address: string;
  content: Buffer;
  /** Bodies wait after so many bytes until they are let go; never by default. */
  holdsAfter: number;
  knowsRanges: boolean;
  /** Sends the range of whatever version it has. */
  ignoresIfRange: boolean;
  /** What it calls the version of the file. */
  names: 'etag' | 'weak-etag' | 'last-modified' | 'nothing';
  status: number | null;
  /** First byte of each answer, by request. */
  readonly asked: (string | null)[];
  /** The answers whose bodies wait, with the rest of each. */
  readonly held: { readonly response: ServerResponse; readonly rest: Buffer }[];
  /** Until so many bodies wait. */
  holding(bodies: number): Promise<void>;
  /** Lets all go, also those that come. */
  letGo(): void;
  /** Ends the connections of those that wait. */
  breakOff(): void;
  close(): Promise<void>;
}

const POLL_MS = 5;

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

/** From one byte up to another, which is not of it any more. */
type Span = readonly [from: number, end: number];

function rangeOf(server: RangeServer, { headers }: IncomingMessage): Span | null {
  const [, from, last] = /^bytes=(\d+)-(\d*)$/.exec(headers.range ?? '') ?? [];
  if (from === undefined || !server.knowsRanges) return null;
  const condition = headers['if-range'];
  const present = Object.values(versionHeaders(server));
  const isMet = condition === undefined || present.includes(condition as string);
  if (!isMet && !server.ignoresIfRange) return null;
  return [Number(from), last ? Number(last) + 1 : server.content.length];
}

function answer(server: RangeServer, request: IncomingMessage, response: ServerResponse): void {
  server.asked.push(request.headers.range ?? null);
  if (server.status !== null) return void response.writeHead(server.status).end();
  const known = request.headers['if-none-match'] ?? request.headers['if-modified-since'];
  if (known !== undefined && Object.values(versionHeaders(server)).includes(known)) {
    return void response.writeHead(304).end();
  }
  const total = server.content.length;
  const span = rangeOf(server, request);
  const [from, end] = span ?? [0, total];
  const names = versionHeaders(server);
  if (span !== null && from >= total) {
    return void response.writeHead(416, { ...names, 'content-range': `bytes */${total}` }).end();
  }
  const body = server.content.subarray(from, end);
  const range = span === null ? {} : { 'content-range': `bytes ${from}-${end - 1}/${total}` };
  const length = { 'content-length': String(body.length) };
  response.writeHead(span === null ? 200 : 206, { ...names, ...range, ...length });
  if (request.method === 'HEAD') response.end();
  else send(server, body, response);
}

function send(server: RangeServer, body: Buffer, response: ServerResponse): void {
  const { holdsAfter } = server;
  if (body.length <= holdsAfter) return void response.end(body);
  response.write(body.subarray(0, holdsAfter));
  server.held.push({ response, rest: body.subarray(holdsAfter) });
}

/** Listens on loopback until it is closed. */
export async function startRangeServer(content: Buffer): Promise<RangeServer> {
  const http = createServer((request, response) => answer(server, request, response));
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const { port } = http.address() as AddressInfo;
  const server: RangeServer = {
    address: `http://127.0.0.1:${port}/archive.zip`,
    ...{ content, holdsAfter: Infinity },
    ...{ knowsRanges: true, ignoresIfRange: false, names: 'etag', status: null },
    ...{ asked: [], held: [] },
    async holding(bodies) {
      while (server.held.length < bodies) await sleep(POLL_MS);
    },
    letGo() {
      server.holdsAfter = Infinity;
      for (const { response, rest } of server.held.splice(0)) response.end(rest);
    },
    breakOff() {
      for (const { response } of server.held.splice(0)) response.destroy();
    },
    close: () =>
      new Promise((resolve, reject) => {
        http.closeAllConnections();
        http.close((error) => (error ? reject(error) : resolve()));
      }),
  };
  return server;
}
