/** Cuts recordings into the batches that devices would have sent, in the order of their time. */
import type { RecordingSlice, SampleSource, SourceSelection } from './ports';
import { MAXIMUM_BATCH_BYTES, MAXIMUM_FRAME_BYTES, type SampleBatch } from './sample-batch';
import { sliceSpan } from '../models/spans';

export interface ReplayedBatch {
  /** Since the device's first sample: all devices start together. */
  readonly elapsedMs: number;
  readonly batch: SampleBatch;
}

export interface ReplayOptions extends SourceSelection {
  /** Time that one batch covers. */
  readonly batchMs: number;
}

const samplesPerBatch = (channels: number) =>
  Math.floor((MAXIMUM_BATCH_BYTES - MAXIMUM_FRAME_BYTES) / (8 + 4 * channels));

/** One batch, unless that is more than a broker takes. */
function* batchesOf(dataset: string, slice: RecordingSlice): Generator<ReplayedBatch> {
  const { elapsedMs, span, endsRecording, device, subjectKey, recording, channels } = slice;
  const origin = { dataset, device, subjectKey, recording, channels };
  const count = span.timestampsMs.length;
  const most = samplesPerBatch(channels.length);
  for (let from = 0; from < count; from += most) {
    const until = Math.min(from + most, count);
    const last = endsRecording && until === count;
    yield { elapsedMs, batch: { ...origin, span: sliceSpan(span, from, until), last } };
  }
}

/** All devices' batches by elapsed time; the same ones in the same order whenever it is called. */
export async function* replay(
  source: SampleSource,
  { batchMs, ...selection }: ReplayOptions,
  signal?: AbortSignal,
): AsyncGenerator<ReplayedBatch> {
  for await (const slice of source.slices({ ...selection, sliceMs: batchMs, signal })) {
    yield* batchesOf(selection.dataset, slice);
  }
}
