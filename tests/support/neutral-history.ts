/** Takes out of a recorded history what tells of the machine that recorded it. */
type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

/** Who may stand in a history: the recorder and its worker. */
export const NEUTRAL_IDENTITIES: ReadonlySet<string> = new Set(['recorder', 'worker']);

const TRACES = [
  /(^|[\s"'(=])\/(root|home|Users|usr|var|tmp|opt|mnt|private)\//,
  /\b[A-Z]:\\/,
  /\d+@[\w.-]+/,
  /\bstackTrace\b|^ +at .+:\d+:\d+/m,
  /\b(?!127\.0\.0\.1\b)\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}\b/,
];

/** Texts with a path, a process at a host, a stack trace or an address. */
export const tracesOf = (texts: readonly string[]): string[] =>
  texts.filter((text) => TRACES.some((trace) => trace.test(text)));

/** The history without stack traces; replaying does not look at them. */
export function neutralHistory(history: string): string {
  return `${JSON.stringify(withoutStackTraces(JSON.parse(history) as Json), null, 1)}\n`;
}

function withoutStackTraces(value: Json): Json {
  if (Array.isArray(value)) return value.map(withoutStackTraces);
  if (value === null || typeof value !== 'object') return value;
  const kept = Object.entries(value).filter(([name]) => name !== 'stackTrace');
  return Object.fromEntries(kept.map(([name, inner]) => [name, withoutStackTraces(inner)]));
}

/** Every text in a history, the encoded payloads read as well. */
export function textsOf(value: Json): string[] {
  if (Array.isArray(value)) return value.flatMap(textsOf);
  if (value === null || typeof value !== 'object') return [String(value)];
  return Object.entries(value).flatMap(([name, inner]) => {
    const isPayload = name === 'data' && typeof inner === 'string';
    return isPayload ? [Buffer.from(inner, 'base64').toString('utf8')] : [name, ...textsOf(inner)];
  });
}

export const parseHistory = (text: string): Json => JSON.parse(text) as Json;
