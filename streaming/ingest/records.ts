/** Cuts the body of a request into records: one event, the elements of an array, or the lines of NDJSON. */
import { isUtf8 } from 'node:buffer';
import { WatchlakeError } from '../../core/errors';
import type { IngestLimits } from './limits';
import { haveMoreContainers, mostFieldsIn, partsOfArray } from './parts';

/** What cannot be parsed keeps its bytes, for the dead letters. */
export type RawRecord =
  | { readonly ok: true; readonly text: string; readonly value: unknown }
  | { readonly ok: false; readonly body: Buffer; readonly code: ParseRejection };

export const PARSE_REJECTIONS = ['not-json', 'not-utf-8', 'too-long', 'too-deep'] as const;
export type ParseRejection = (typeof PARSE_REJECTIONS)[number];

export interface Records {
  /** One event by itself is answered by itself. */
  readonly single: boolean;
  readonly records: readonly RawRecord[];
}

type Limits = Pick<IngestLimits, 'recordBytes' | 'recordsPerRequest' | 'containersPerRequest'>;

const LINES = /^application\/(x-)?(ndjson|jsonl|jsonlines|json-lines|json-seq)\b/i;
const NEWLINE = 0x0a;
const BYTE_ORDER_MARK = '\ufeff';

const isLines = (contentType: string | undefined): boolean => LINES.test(contentType ?? '');

const refused = (body: Buffer, code: ParseRejection): RawRecord => ({ ok: false, body, code });

function parse(text: string): { readonly value: unknown } | null {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return null;
  }
}

function tooMany(count: number, limit: number): void {
  if (count > limit) throw new WatchlakeError('TOO_MANY_RECORDS', { count, limit });
}

const tooManyParts = (limit: number, what: string): WatchlakeError =>
  new WatchlakeError('TOO_MANY_PARTS', { limit, what });

const tooManyContainers = ({ containersPerRequest }: Limits): WatchlakeError =>
  tooManyParts(containersPerRequest, 'objects and arrays');

/** Null when it is nested more deeply than the stack of calls can be. */
function written(value: unknown): string | null {
  try {
    return JSON.stringify(value);
  } catch {
    return null;
  }
}

/** A text that stands on one line is kept as it was sent; another is written without its breaks. */
const compact = (text: string, value: unknown): string | null =>
  text.includes('\n') || text.includes('\r') ? written(value) : text;

function oneOf(body: Buffer, text: string, value: unknown): RawRecord {
  const oneLine = compact(text, value);
  return oneLine === null ? refused(body, 'too-deep') : { ok: true, text: oneLine, value };
}

/** Elements lie anywhere in the text: each is written anew. */
function elementOf(value: unknown, limit: number): RawRecord {
  const text = JSON.stringify(value);
  // A character takes at most three bytes, so that most need not be counted.
  const isLong =
    text.length > limit || (text.length * 3 > limit && Buffer.byteLength(text) > limit);
  return isLong ? refused(Buffer.from(text), 'too-long') : { ok: true, text, value };
}

function lineOf(line: Buffer, limit: number): RawRecord | null {
  if (line.length > limit) return refused(line, 'too-long');
  if (!isUtf8(line)) return refused(line, 'not-utf-8');
  const text = line.toString().trim();
  if (text === '') return null;
  const parsed = parse(text);
  return parsed === null ? refused(line, 'not-json') : { ok: true, text, value: parsed.value };
}

/** Line by line, so that one that is wrong spoils no other. */
function linesOf(body: Buffer, limits: Limits): RawRecord[] {
  const { recordBytes, recordsPerRequest, containersPerRequest } = limits;
  if (haveMoreContainers(body, containersPerRequest)) throw tooManyContainers(limits);
  const records: RawRecord[] = [];
  for (let start = 0; start < body.length;) {
    const newline = body.indexOf(NEWLINE, start);
    const end = newline < 0 ? body.length : newline;
    const record = lineOf(body.subarray(start, end), recordBytes);
    if (record !== null) records.push(record);
    tooMany(records.length, recordsPerRequest);
    start = end + 1;
  }
  return records;
}

/**
 * An array that cannot be read as one is one record that is wrong. Parsing one that is nested endlessly, or has millions of elements,
 * takes far longer, and more memory, than other text of its length: it is looked through before.
 */
function arrayOf(body: Buffer, text: string, limits: Limits): Records {
  const parts = partsOfArray(body);
  if (parts === null) return { single: true, records: [refused(body, 'too-deep')] };
  tooMany(parts.elements, limits.recordsPerRequest);
  if (parts.containers > limits.containersPerRequest) throw tooManyContainers(limits);
  // It would be too long, and has to be read to be told from the others.
  const mostFields = mostFieldsIn(limits.recordBytes);
  if (parts.fields > mostFields) throw tooManyParts(mostFields, 'fields in one record');
  const parsed = parse(text);
  if (!Array.isArray(parsed?.value)) return { single: true, records: [refused(body, 'not-json')] };
  const values: readonly unknown[] = parsed.value;
  const records = values.map((value) => elementOf(value, limits.recordBytes));
  return { single: false, records };
}

/**
 * By the content type where it says lines, else by look: senders of several lines often call them JSON. Throws
 * TOO_MANY_RECORDS, TOO_MANY_PARTS and BODY_EMPTY.
 */
export function recordsOf(body: Buffer, contentType: string | undefined, limits: Limits): Records {
  if (!isLines(contentType) && isUtf8(body)) {
    const text = body.toString().replace(BYTE_ORDER_MARK, '').trim();
    if (text.startsWith('[')) return arrayOf(body, text, limits);
    const isOne = body.length <= limits.recordBytes && text !== '';
    const parsed = isOne ? parse(text) : null;
    if (parsed) return { single: true, records: [oneOf(body, text, parsed.value)] };
  }
  const records = linesOf(body, limits);
  if (records.length === 0) throw new WatchlakeError('BODY_EMPTY');
  // What is no JSON and has one line was meant as one event.
  return { single: !isLines(contentType) && records.length === 1, records };
}
