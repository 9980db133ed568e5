/** Streams samples out of a table in clock order, in blocks that never mix two recordings. */
import type { DuckDBConnection, DuckDBDataChunk } from '@duckdb/node-api';
import type { SampleSpan } from '../models/signal';
import { quoted } from './engines/duckdb-session';
import { chunksOf } from './engines/streamed-result';

export interface SampleBlock extends SampleSpan {
  readonly recording: string;
  /** Whether the recording has no samples after these. */
  readonly endsRecording: boolean;
}

interface RawBlock extends SampleSpan {
  readonly recording: string;
}

function* splitChunk(chunk: DuckDBDataChunk): Generator<RawBlock> {
  const recordings = chunk.getColumnValues(0) as string[];
  const timestampsMs = Float64Array.from(chunk.getColumnValues(1) as number[]);
  const values: Float32Array[] = [];
  for (let index = 2; index < chunk.columnCount; index += 1) {
    values.push(Float32Array.from(chunk.getColumnValues(index) as number[]));
  }
  let from = 0;
  for (let at = 1; at <= recordings.length; at += 1) {
    if (at < recordings.length && recordings[at] === recordings[from]) continue;
    yield {
      recording: recordings[from] as string,
      timestampsMs: timestampsMs.subarray(from, at),
      values: values.map((channel) => channel.subarray(from, at)),
    };
    from = at;
  }
}

export interface BlocksRequest {
  /** View or table in the session with the columns of recordings_trusted. */
  readonly from: string;
  readonly channels: readonly string[];
}

/** All devices, one after another. Memory holds one block of DuckDB's vector size (2,048 rows) beside the sort's own bounded memory. */
export async function* sampleBlocks(
  connection: DuckDBConnection,
  { from, channels }: BlocksRequest,
): AsyncGenerator<SampleBlock> {
  const columns = ['recording', 'timestamp_ms', ...channels].map(quoted).join(', ');
  const sql = `SELECT ${columns} FROM ${quoted(from)} ORDER BY device, timestamp_ms`;
  let held: RawBlock | undefined;
  for await (const chunk of chunksOf(connection, sql)) {
    for (const block of splitChunk(chunk)) {
      if (held !== undefined) yield { ...held, endsRecording: held.recording !== block.recording };
      held = block;
    }
  }
  if (held !== undefined) yield { ...held, endsRecording: true };
}
