/** Sends random bodies to an ingest server, from a seed, and counts the statuses of its answers. */
import { Agent, request } from 'node:http';
import { gzipSync } from 'node:zlib';
import { createRandom, type Random } from '../../core/random';
import { event, lines } from './ingest';

export interface Fuzz {
  readonly url: string;
  readonly bodies: number;
  readonly seed: number;
  readonly connections: number;
  /** After each so many bodies. */
  readonly onStep?: (done: number) => Promise<void>;
  readonly stepBodies?: number;
}

const TYPES = [
  ...['application/json', 'application/x-ndjson', 'application/octet-stream', 'text/plain'],
  ...['application/json; charset=utf-8', 'application/x-www-form-urlencoded', 'nonsense', ''],
];
const PIECES = [
  '{',
  '}',
  '[',
  ']',
  '"',
  ':',
  ',',
  '\\',
  '\n',
  '\r',
  '\0',
  'é',
  '\ud800',
  '1e999',
  '-',
];
const WORDS = [
  '"device_id"',
  '"Device ID"',
  '"timestamp"',
  '"hr"',
  'null',
  'true',
  '"__proto__"',
  '{}',
];

const below = (random: Random, limit: number): number => Math.floor(random() * limit);
const oneOf = <T>(random: Random, choices: readonly T[]): T =>
  choices[below(random, choices.length)] as T;

const bytes = (random: Random): Buffer =>
  Buffer.from(Array.from({ length: below(random, 400) }, () => below(random, 256)));

const soup = (random: Random): string =>
  Array.from({ length: below(random, 120) }, () =>
    oneOf(random, random() < 0.7 ? PIECES : WORDS),
  ).join('');

const PAIRS: readonly (readonly [string, string])[] = [
  ['[', ']'],
  ['{"a":', '}'],
  ['[{"x":[', ']}]'],
];

const deep = (random: Random): string => {
  const depth = below(random, 20_000);
  const [open, close] = oneOf(random, PAIRS);
  return `${open.repeat(depth)}1${close.repeat(random() < 0.5 ? depth : below(random, depth + 1))}`;
};

const events = (random: Random): string =>
  lines(
    Array.from({ length: 1 + below(random, 20) }, () =>
      event(below(random, 1_000_000), {
        device_id: oneOf(random, ['a', '', 7, null, 'x'.repeat(200), `w${below(random, 50)}`]),
        hr: oneOf(random, [60, -1, 'x', null, {}, 1e308]),
      }),
    ),
  );

/** An event with some of its bytes changed. */
function broken(random: Random): Buffer {
  const body = Buffer.from(events(random));
  for (let change = below(random, 5); change >= 0; change -= 1)
    body[below(random, body.length)] = below(random, 256);
  return body;
}

/** What devices send, so that random ones meet it. */
const good = (random: Random): string =>
  lines(Array.from({ length: 1 + below(random, 5) }, () => event(below(random, 1000))));

const MAKERS: readonly ((random: Random) => Buffer | string)[] = [
  bytes,
  soup,
  deep,
  events,
  broken,
  good,
];

interface Body {
  readonly body: Buffer;
  readonly headers: Record<string, string>;
}

function bodyOf(random: Random): Body {
  const plain = Buffer.from(oneOf(random, MAKERS)(random));
  const headers: Record<string, string> = {};
  const type = oneOf(random, TYPES);
  if (type !== '') headers['content-type'] = type;
  if (random() < 0.2)
    headers['idempotency-key'] = oneOf(random, ['a', 'b', 'c d', 'x'.repeat(300)]);
  if (random() < 0.8) return { body: plain, headers };
  headers['content-encoding'] = oneOf(random, ['gzip', 'gzip', 'gzip', 'br', 'x']);
  const packed = random() < 0.7 ? gzipSync(plain) : plain;
  return {
    body: packed.subarray(0, random() < 0.8 ? packed.length : below(random, packed.length)),
    headers,
  };
}

const post = (url: string, agent: Agent, { body, headers }: Body): Promise<number> =>
  new Promise((resolve, reject) => {
    const options = {
      method: 'POST',
      agent,
      headers: { ...headers, 'content-length': body.length },
    };
    const call = request(`${url}/stream`, options, (response) => {
      response.resume().once('end', () => resolve(response.statusCode ?? 0));
    });
    call.once('error', reject);
    call.end(body);
  });

/** Answers by status. */
export async function fuzz({
  url,
  bodies,
  seed,
  connections,
  ...rest
}: Fuzz): Promise<Map<number, number>> {
  const { onStep = async () => undefined, stepBodies = Infinity } = rest;
  const random = createRandom(seed);
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const statuses = new Map<number, number>();
  let done = 0;
  const work = async () => {
    while (done < bodies) {
      done += 1;
      const isStep = done % stepBodies === 0;
      const status = await post(url, agent, bodyOf(random));
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      if (isStep) await onStep(done);
    }
  };
  await Promise.all(Array.from({ length: connections }, work));
  agent.destroy();
  return statuses;
}
