/** Streams the samples of all devices side by side, as they would arrive if all began together. */
import type { DuckDBConnection, DuckDBDataChunk } from '@duckdb/node-api';
import type { SampleSpan } from '../models/signal';
import { concatSpans } from '../models/spans';
import { createViews, quoted, rowsOf, streamDuckdb } from './engines/duckdb-session';
import { chunksOf } from './engines/streamed-result';
import type { Lake } from './lake';
import { datasetDescriptor } from './landing/descriptor';
import { ofSubjects, type DeviceRequest } from './samples';
import { findManifest } from './snapshots';
import { TRUSTED_TABLE } from './watch/trusted';

/** What one recording holds of one slot on its device's clock. */
export interface SampleSlice {
  readonly device: string;
  readonly recording: string;
  readonly subjectKey: string;
  readonly channels: readonly string[];
  readonly span: SampleSpan;
  /** From the device's first sample to the first one here. */
  readonly elapsedMs: number;
  readonly endsRecording: boolean;
}

export interface SliceRequest extends DeviceRequest {
  /** Length of the slots. */
  readonly sliceMs: number;
}

interface Replayed {
  readonly device: string;
  readonly recording: string;
  readonly subjectKey: string;
  readonly lastMs: number;
  /** The device's first sample. */
  readonly originMs: number;
}

interface Run {
  readonly number: number;
  readonly slot: number;
  readonly span: SampleSpan;
}

const REPLAYED = `CREATE TEMP TABLE replayed AS
  SELECT CAST(row_number() OVER (ORDER BY device, first_ms) - 1 AS INTEGER) AS number, *,
    min(first_ms) OVER (PARTITION BY device) AS origin_ms
  FROM (SELECT device, recording, min(subject_key) AS subject_key,
      min(timestamp_ms) AS first_ms, max(timestamp_ms) AS last_ms
    FROM selected GROUP BY device, recording)`;

async function replayed(connection: DuckDBConnection): Promise<Replayed[]> {
  await connection.run(REPLAYED);
  const rows = await rowsOf({ connection }, 'SELECT * FROM replayed ORDER BY number');
  return rows.map((row) => ({
    device: row.device as string,
    recording: row.recording as string,
    subjectKey: row.subject_key as string,
    lastMs: Number(row.last_ms),
    originMs: Number(row.origin_ms),
  }));
}

/** The numbers stand for devices and recordings: a sort of many rows carries no texts. */
function samplesSql(channels: readonly string[], sliceMs: number): string {
  const columns = channels.map((name) => `, s.${quoted(name)}`).join('');
  return `WITH samples AS (
      SELECT t.*, r.number, r.origin_ms, CAST(floor(t.timestamp_ms / ${sliceMs}) AS BIGINT) AS slot
      FROM selected t JOIN replayed r USING (device, recording)
    ), slices AS (
      SELECT number, slot, min(timestamp_ms - origin_ms) AS elapsed_ms
      FROM samples GROUP BY number, slot
    )
    SELECT s.number, s.timestamp_ms${columns}
    FROM samples s JOIN slices b USING (number, slot)
    ORDER BY b.elapsed_ms, s.number, s.timestamp_ms`;
}

function* runsOf(chunk: DuckDBDataChunk, sliceMs: number): Generator<Run> {
  const numbers = chunk.getColumnValues(0) as number[];
  const timestampsMs = Float64Array.from(chunk.getColumnValues(1) as number[]);
  const values: Float32Array[] = [];
  for (let index = 2; index < chunk.columnCount; index += 1) {
    values.push(Float32Array.from(chunk.getColumnValues(index) as number[]));
  }
  const slotAt = (index: number) => Math.floor((timestampsMs[index] as number) / sliceMs);
  let from = 0;
  for (let at = 1; at <= numbers.length; at += 1) {
    const isSame = numbers[at] === numbers[from] && slotAt(at) === slotAt(from);
    if (at < numbers.length && isSame) continue;
    yield {
      number: numbers[from] as number,
      slot: slotAt(from),
      span: {
        timestampsMs: timestampsMs.slice(from, at),
        values: values.map((channel) => channel.slice(from, at)),
      },
    };
    from = at;
  }
}

const joined = (first: Run, second: Run): Run => ({
  ...first,
  span: concatSpans(first.span, second.span),
});

async function* runs(
  connection: DuckDBConnection,
  sql: string,
  sliceMs: number,
): AsyncGenerator<Run> {
  let held: Run | undefined;
  for await (const chunk of chunksOf(connection, sql)) {
    for (const run of runsOf(chunk, sliceMs)) {
      const goesOn = held?.number === run.number && held.slot === run.slot;
      if (held !== undefined && !goesOn) yield held;
      held = goesOn ? joined(held as Run, run) : run;
    }
  }
  if (held !== undefined) yield held;
}

/**
 * By the time since each device's first sample, then by device; the same ones in the same order
 * whenever it is asked. Memory holds one slice, beside the sort's own bounded memory.
 */
export async function* sampleSlices(
  lake: Lake,
  request: SliceRequest,
): AsyncGenerator<SampleSlice> {
  const { dataset, subjectKeys, snapshotId, sliceMs, signal } = request;
  const manifest = await findManifest(lake, { dataset, table: TRUSTED_TABLE, snapshotId });
  const channels = (await datasetDescriptor(lake, dataset)).channels.map(({ name }) => name);
  const { store, duckdb: options } = lake;
  yield* streamDuckdb({ store, options, signal }, async function* (session) {
    const { connection } = session;
    await createViews(session, store, { [TRUSTED_TABLE]: manifest });
    signal?.throwIfAborted();
    await connection.run(
      `CREATE VIEW selected AS SELECT * FROM ${TRUSTED_TABLE} ${ofSubjects(subjectKeys)}`,
    );
    const recordings = await replayed(connection);
    for await (const run of runs(connection, samplesSql(channels, sliceMs), sliceMs)) {
      signal?.throwIfAborted();
      const { lastMs, originMs, ...origin } = recordings[run.number] as Replayed;
      const [firstMs] = run.span.timestampsMs as unknown as [number];
      yield {
        ...{ ...origin, channels, span: run.span, elapsedMs: firstMs - originMs },
        endsRecording: run.slot === Math.floor(lastMs / sliceMs),
      };
    }
  });
}
