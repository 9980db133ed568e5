/**
 * A door in front of the emulator of AWS: it loses, delays and refuses what a test says, and adds the
 * guarantees that AWS gives and the emulator does not (see aws-guarantees.ts).
 */
import {
  createServer,
  request as forward,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import type { AwsEmulator } from './aws-emulator';

export interface Call {
  readonly method: string;
  /** Path with the query. */
  readonly url: string;
  /** Of JSON services, such as `AWSGlue.UpdateTable`; `Action` of query services, such as `CreateRole`. */
  readonly target: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string | Buffer;
}

/** `lost`: the work is done and the answer never comes. `reset`: nothing is done. */
export type Fault = 'lost' | 'reset' | Answer;

export interface Rule {
  readonly on: (call: Call) => boolean;
  readonly fault: Fault;
  /** How often; 1 when absent. */
  readonly times?: number;
}

export type Handler = (call: Call) => Promise<Answer>;
/** Answers itself, or passes the call on. */
export type Guarantee = (call: Call, next: Handler) => Promise<Answer>;

export interface AwsGateway {
  readonly client: AwsEmulator['client'];
  readonly endpoint: string;
  /** Every call since the last `clear`, by its target or method and path. */
  readonly calls: string[];
  breakOn(rule: Rule): void;
  clear(): void;
  stop(): Promise<void>;
}

/** An error as the JSON services of AWS spell it. */
export const jsonError = (status: number, type: string, message = type): Answer => ({
  status,
  headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-errortype': type },
  body: JSON.stringify({ __type: type, message, Message: message }),
});

export const throttled = jsonError(400, 'ThrottlingException', 'Rate exceeded');
export const isTarget =
  (...targets: readonly string[]) =>
  ({ target }: Call): boolean =>
    targets.includes(target);

const targetOf = (message: IncomingMessage, body: Buffer): string => {
  const named = message.headers['x-amz-target'];
  if (typeof named === 'string') return named;
  const isForm = message.headers['content-type']?.startsWith('application/x-www-form-urlencoded');
  return (isForm && new URLSearchParams(body.toString()).get('Action')) || '';
};

const pass =
  (endpoint: string): Handler =>
  (call) =>
    new Promise((resolve, reject) => {
      const { method, headers } = call;
      const outgoing = forward(`${endpoint}${call.url}`, { method, headers }, (incoming) => {
        const answer = async (): Promise<Answer> => ({
          status: incoming.statusCode ?? 500,
          headers: incoming.headers,
          body: await buffer(incoming),
        });
        answer().then(resolve, reject);
      });
      outgoing.once('error', reject);
      outgoing.end(call.body);
    });

function write(response: ServerResponse, { status, headers, body }: Answer): void {
  const { 'transfer-encoding': _chunked, connection: _connection, ...kept } = headers ?? {};
  // The answer to a HEAD tells the length of what it does not carry.
  const length =
    response.req.method === 'HEAD' ? {} : { 'content-length': Buffer.byteLength(body) };
  response.writeHead(status, { ...kept, ...length });
  response.end(body);
}

export async function startAwsGateway(
  emulator: AwsEmulator,
  guarantees: readonly Guarantee[] = [],
): Promise<AwsGateway> {
  const handle = guarantees.reduceRight<Handler>(
    (next, guarantee) => (call) => guarantee(call, next),
    pass(emulator.endpoint),
  );
  const rules: { rule: Rule; left: number }[] = [];
  const calls: string[] = [];

  const faultFor = (call: Call): Fault | undefined => {
    const hit = rules.find(({ rule, left }) => left > 0 && rule.on(call));
    if (hit) hit.left -= 1;
    return hit?.rule.fault;
  };

  async function serve(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await buffer(message);
    const { method = '', url = '', headers } = message;
    const call = { method, url, headers, body, target: targetOf(message, body) };
    calls.push(call.target || `${method} ${url}`);
    const fault = faultFor(call);
    if (fault === 'reset') return void response.destroy();
    if (fault !== undefined && fault !== 'lost') return write(response, fault);
    const answer = await handle(call);
    if (fault === 'lost') return void response.destroy();
    write(response, answer);
  }

  const server = createServer((message, response) => {
    serve(message, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    endpoint,
    client: { ...emulator.client, endpoint },
    calls,
    breakOn: (rule) => void rules.push({ rule, left: rule.times ?? 1 }),
    clear() {
      rules.length = 0;
      calls.length = 0;
    },
    stop: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

/** One gateway for the tests of a file; its rules are forgotten before each test. */
export function useAwsGateway(
  emulator: () => AwsEmulator,
  guarantees: readonly Guarantee[] = [],
): () => AwsGateway {
  let gateway: AwsGateway | undefined;
  beforeAll(async () => {
    gateway = await startAwsGateway(emulator(), guarantees);
  });
  beforeEach(() => gateway?.clear());
  afterAll(() => gateway?.stop());
  return () => gateway as AwsGateway;
}
