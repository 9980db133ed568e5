/** Cuts recordings into the batches that devices would have sent, in the order of their time. */
import type { DeviceRecording, SampleSource, SourceSelection } from './ports';
import { MAXIMUM_BATCH_BYTES, type SampleBatch } from './sample-batch';
import { sliceSpan } from './spans';

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
  Math.floor((MAXIMUM_BATCH_BYTES - 16_384) / (8 + 4 * channels));

/** Batches lie on a grid of the device's clock, so that they do not depend on where it began. */
function* batchesOf(
  { recording, subjectKey, channels, span }: DeviceRecording,
  { dataset, batchMs }: ReplayOptions,
  device: string,
): Generator<SampleBatch> {
  const { timestampsMs } = span;
  const slot = (index: number) => Math.floor((timestampsMs[index] as number) / batchMs);
  const most = samplesPerBatch(channels.length);
  let from = 0;
  for (let index = 1; index <= timestampsMs.length; index += 1) {
    const isEnd = index === timestampsMs.length;
    if (!isEnd && slot(index) === slot(from) && index - from < most) continue;
    const part = sliceSpan(span, from, index);
    yield { dataset, device, subjectKey, recording, channels, span: part, last: isEnd };
    from = index;
  }
}

async function* replayDevice(
  source: SampleSource,
  options: ReplayOptions,
  device: string,
): AsyncGenerator<ReplayedBatch> {
  let originMs: number | undefined;
  for await (const recording of source.recordings(options, device)) {
    for (const batch of batchesOf(recording, options, device)) {
      const firstMs = batch.span.timestampsMs[0] as number;
      originMs ??= firstMs;
      yield { elapsedMs: firstMs - originMs, batch };
    }
  }
}

interface Cursor {
  readonly batches: AsyncGenerator<ReplayedBatch>;
  head: ReplayedBatch;
}

async function openCursors(source: SampleSource, options: ReplayOptions): Promise<Cursor[]> {
  const cursors: Cursor[] = [];
  for (const device of await source.devices(options)) {
    const batches = replayDevice(source, options, device);
    const first = await batches.next();
    if (!first.done) cursors.push({ batches, head: first.value });
  }
  return cursors;
}

/** All devices' batches by elapsed time; the same ones in the same order whenever it is called. */
export async function* replay(
  source: SampleSource,
  options: ReplayOptions,
): AsyncGenerator<ReplayedBatch> {
  const cursors = await openCursors(source, options);
  try {
    while (cursors.length > 0) {
      const earliest = cursors.reduce((a, b) => (b.head.elapsedMs < a.head.elapsedMs ? b : a));
      yield earliest.head;
      const next = await earliest.batches.next();
      if (next.done) cursors.splice(cursors.indexOf(earliest), 1);
      else earliest.head = next.value;
    }
  } finally {
    await Promise.all(cursors.map(({ batches }) => batches.return(undefined)));
  }
}
