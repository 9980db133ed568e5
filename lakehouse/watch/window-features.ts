/** window_features: the features of every window, made by the same code as in the stream. */
import type { FeatureSchema } from '../../models/features';
import { extractFeatures } from '../../models/features';
import { concatSpans, emptySpan, spanFrom } from '../../models/spans';
import { sliceWindow } from '../../models/windows';
import { createViews, streamDuckdb, type OpenSession } from '../engines/duckdb-session';
import type { Cell } from '../engines/row-appender';
import { streamRows } from '../engines/streamed-result';
import type { Lake } from '../lake';
import type { SnapshotManifest } from '../manifest';
import { sampleBlocks } from '../sample-blocks';
import type { RowsTransform, TableDeclaration } from '../tables';
import { column, declareTable } from '../tables';
import { TRUSTED_TABLE } from './trusted';
import { WINDOWS_TABLE } from './windows';

export const FEATURES_TABLE = 'window_features';

export function windowFeaturesTable(facts: {
  dataset: string;
  schema: FeatureSchema;
}): TableDeclaration<RowsTransform> {
  return declareTable({
    dataset: facts.dataset,
    name: FEATURES_TABLE,
    zone: 'curated',
    comment: `Features under the schema ${facts.schema.hash}`,
    columns: [
      column('window_id', 'string', 'Window'),
      column('subject_key', 'string', 'Keyed pseudonym of the person'),
      column('device', 'string', 'Device'),
      column('start_ms', 'bigint', 'First moment, on the clock of the device'),
      column('label', 'string', 'Most frequent label', { required: false }),
      column('label_share', 'double', 'Share of the samples with that label'),
      column('features', 'float-list', 'In the order of the schema'),
    ],
    key: ['window_id'],
    partitions: [],
    orderBy: ['device', 'start_ms'],
    inputs: [WINDOWS_TABLE, TRUSTED_TABLE],
    transform: { type: 'rows', recipe: facts.schema.hash },
    checks: [],
  });
}

interface WindowRow {
  windowId: string;
  subjectKey: string;
  device: string;
  recording: string;
  startMs: number;
  label: string | null;
  labelShare: number;
}

/** In the same order as the samples: devices one after another, each in clock order. */
async function* windowRows(session: OpenSession): AsyncGenerator<WindowRow, undefined> {
  const connection = await session.connect();
  try {
    const sql = `SELECT window_id, subject_key, device, recording, CAST(start_ms AS DOUBLE), label, label_share
      FROM ${WINDOWS_TABLE} ORDER BY device, start_ms`;
    for await (const rows of streamRows(connection, sql)) {
      for (const row of rows) {
        const [windowId, subjectKey, device, recording, startMs, label, labelShare] = row as [
          string,
          string,
          string,
          string,
          number,
          string | null,
          number,
        ];
        yield { windowId, subjectKey, device, recording, startMs, label, labelShare };
      }
    }
  } finally {
    connection.closeSync();
  }
}

export interface FeatureRowsRequest {
  readonly schema: FeatureSchema;
  readonly inputs: Readonly<Record<string, SnapshotManifest>>;
  readonly signal?: AbortSignal;
  readonly onWindows?: (count: number) => void;
}

/** Walks samples and windows side by side; holds the samples of one window and one block. */
async function* merge(
  session: OpenSession,
  { schema, signal, onWindows }: FeatureRowsRequest,
): AsyncGenerator<readonly Cell[]> {
  const { channels, window } = schema.signal;
  const windows = windowRows(session);
  let next = (await windows.next()).value;
  // The samples that windows still to come may need.
  let held = emptySpan(channels.length);
  for await (const block of sampleBlocks(session.connection, { from: TRUSTED_TABLE, channels })) {
    signal?.throwIfAborted();
    held = concatSpans(held, block);
    const lastMs = block.timestampsMs.at(-1) as number;
    let made = 0;
    while (next?.recording === block.recording) {
      const { windowId, subjectKey, device, startMs, label, labelShare } = next;
      if (lastMs < startMs + window.lengthMs && !block.endsRecording) break;
      const slice = sliceWindow(held, startMs, window);
      const features = extractFeatures(slice, startMs, schema);
      yield [windowId, subjectKey, device, startMs, label, labelShare, features];
      made += 1;
      next = (await windows.next()).value;
    }
    onWindows?.(made);
    const waits = next?.recording === block.recording && !block.endsRecording;
    held = waits ? spanFrom(held, next?.startMs ?? 0) : emptySpan(channels.length);
  }
  if (next !== undefined) throw new Error(`the window ${next.windowId} has no samples`);
}

export function featureRows(
  { store, duckdb: options }: Lake,
  request: FeatureRowsRequest,
): AsyncGenerator<readonly Cell[]> {
  return streamDuckdb({ store, options, signal: request.signal }, async function* (session) {
    await createViews(session, store, request.inputs);
    yield* merge(session, request);
  });
}
