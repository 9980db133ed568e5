/** An HTTP proxy that hands requests on and, told to, does what a network or a busy service does. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export type Fault =
  /** An answer of the service itself, which the request never reaches. */
  | { readonly kind: 'answer'; readonly status: number; readonly code: string }
  /** The connection ends while the request's body is on its way. */
  | { readonly kind: 'cut-request'; readonly afterBytes: number }
  /** The service does what it was asked, and the connection ends before its answer comes. */
  | { readonly kind: 'lose-answer' }
  /** The connection ends within the answer's body. */
  | { readonly kind: 'cut-answer'; readonly afterBytes: number }
  /** Something happens first; the request is handed on after it. */
  | { readonly kind: 'first'; readonly work: () => Promise<unknown> };

export interface FaultRule {
  /** Of the method and the address, such as `PUT /bucket/key?partNumber=2&uploadId=…`. */
  readonly match: RegExp;
  readonly fault: Fault;
  /** How many requests it strikes; all when absent. */
  times?: number;
}

export interface FaultProxy {
  readonly endpoint: string;
  /** Every request so far, as rules see them. */
  readonly seen: string[];
  strike(rule: FaultRule): void;
  /** From here on everything goes well, and nothing has been seen. */
  heal(): void;
  close(): Promise<void>;
}

export const SLOW_DOWN: Fault = { kind: 'answer', status: 503, code: 'SlowDown' };
export const SERVER_ERROR: Fault = { kind: 'answer', status: 500, code: 'InternalError' };

function answerError(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  { status, code }: { status: number; code: string },
): void {
  incoming.resume();
  const body = `<?xml version="1.0"?><Error><Code>${code}</Code><Message>told to</Message></Error>`;
  incoming.on('end', () => {
    outgoing.writeHead(status, { 'content-type': 'application/xml' });
    outgoing.end(incoming.method === 'HEAD' ? undefined : body);
  });
}

function cutRequest(incoming: IncomingMessage, afterBytes: number): void {
  let bytes = 0;
  incoming.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes >= afterBytes) incoming.socket.destroy();
  });
  incoming.on('end', () => incoming.socket.destroy());
}

function handOn(
  target: URL,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  fault: Fault | undefined,
): void {
  const { method, url, headers } = incoming;
  const { hostname, port } = target;
  const forwarded = httpRequest({ hostname, port, method, path: url, headers }, (answer) => {
    if (fault?.kind === 'lose-answer') {
      answer.resume();
      answer.on('end', () => incoming.socket.destroy());
      return;
    }
    outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
    if (fault?.kind !== 'cut-answer') {
      answer.pipe(outgoing);
      return;
    }
    let left = fault.afterBytes;
    answer.on('data', (chunk: Buffer) => {
      if (left <= 0) return;
      outgoing.write(chunk.subarray(0, left));
      left -= chunk.length;
      // What was written has to leave before the connection ends.
      if (left <= 0) void sleep(20).then(() => incoming.socket.destroy());
    });
  });
  forwarded.on('error', () => outgoing.destroy());
  incoming.pipe(forwarded);
}

export async function startFaultProxy(endpoint: string): Promise<FaultProxy> {
  const target = new URL(endpoint);
  let rules: FaultRule[] = [];
  const seen: string[] = [];

  function faultFor(line: string): Fault | undefined {
    const rule = rules.find(({ match, times = 1 }) => times > 0 && match.test(line));
    if (rule?.times !== undefined) rule.times -= 1;
    return rule?.fault;
  }

  async function handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const line = `${incoming.method} ${incoming.url}`;
    seen.push(line);
    incoming.on('error', () => undefined);
    const fault = faultFor(line);
    if (fault?.kind === 'answer') answerError(incoming, outgoing, fault);
    else if (fault?.kind === 'cut-request') cutRequest(incoming, fault.afterBytes);
    else {
      if (fault?.kind === 'first') await fault.work();
      handOn(target, incoming, outgoing, fault);
    }
  }

  const server: Server = createServer((incoming, outgoing) => void handle(incoming, outgoing));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    seen,
    strike: (rule) => void rules.push({ ...rule }),
    heal() {
      rules = [];
      seen.length = 0;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
