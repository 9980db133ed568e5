/** Messages that are no events: how they are kept in quarantine, and read from there again. */
import { isUtf8 } from 'node:buffer';
import { literal } from '../engines/duckdb-session';
import type { Cell } from '../engines/row-appender';
import type { Lake } from '../lake';
import type { SnapshotManifest } from '../manifest';
import { QUARANTINE_COLUMNS } from '../quarantine';
import { storedRows } from '../stored-rows';
import { deviceFacts } from './landing-facts';
import type { EventMessage, ParsedMessage } from './parse-message';

export interface RejectedMessage extends EventMessage {
  readonly reason: string;
  readonly detail: string | null;
}

type Refusal = Extract<ParsedMessage, { ok: false }>;

interface Kept {
  readonly key: string | null;
  readonly headers: EventMessage['headers'];
  readonly value?: string | null;
  /** Where the value is no text, of which `value` has what can be read: it may name somebody. */
  readonly valueBase64?: string;
}

const sourceOf = (topic: string, partition: number): string => `${topic}/${partition}`;

function kept({ key, headers, value }: EventMessage): Kept {
  if (value === null) return { key, headers, value };
  const text = { key, headers, value: value.toString('utf8') };
  return isUtf8(value) ? text : { ...text, valueBase64: value.toString('base64') };
}

/** In the order of the quarantine's columns: the partition is its file, the offset its line. */
export const rejectedCells = (
  topic: string,
  message: EventMessage,
  { reason, detail }: Refusal,
): Cell[] => [
  reason,
  detail,
  sourceOf(topic, message.partition),
  message.offset,
  JSON.stringify(kept(message)),
];

function messageOf({ key, headers, value, valueBase64 }: Kept) {
  if (valueBase64 !== undefined) return { key, headers, value: Buffer.from(valueBase64, 'base64') };
  return { key, headers, value: typeof value === 'string' ? Buffer.from(value) : null };
}

const placesSql = (topic: string, from: Readonly<Record<number, number>>): string =>
  Object.entries(from)
    .map(
      ([partition, offset]) =>
        `(q.source_file = ${literal(sourceOf(topic, Number(partition)))} AND q.source_line >= ${offset})`,
    )
    .join(' OR ');

/** What the snapshot's own landing run has rejected, as it came, in the order of the topic. */
export async function* rejectedMessages(
  lake: Lake,
  manifest: SnapshotManifest,
  signal?: AbortSignal,
): AsyncGenerator<RejectedMessage> {
  const { run } = deviceFacts(manifest);
  if (run === null || Object.keys(run.rejected).length === 0) return;
  const own = manifest.quarantineFiles.filter(({ key }) => run.quarantine?.includes(key));
  // An earlier manifest, or one that was written anew, does not say which files: the places tell, unless the topic was made anew.
  const isKnown = own.length > 0 && own.length === run.quarantine?.length;
  const files = isKnown ? own : manifest.quarantineFiles;
  const quarantine = { ...manifest, columns: QUARANTINE_COLUMNS, files };
  const rows = storedRows(lake, {
    from: { quarantine },
    sql: `SELECT q.reason, q.detail, q.source_file, CAST(q.source_line AS DOUBLE), q.raw
      FROM quarantine q ${isKnown ? '' : `WHERE ${placesSql(run.topic, run.fromOffsets)}`}
      ORDER BY q.source_file, q.source_line`,
    signal,
  });
  for await (const [reason, detail, source, line, raw] of rows) {
    yield {
      ...messageOf(JSON.parse(raw as string) as Kept),
      partition: Number((source as string).split('/').at(-1)),
      offset: line as number,
      reason: reason as string,
      detail: detail as string | null,
    };
  }
}
