/** Cuts recordings into the batches that devices would have sent, in the order of their time. */
import type { DeviceRecording, SampleSource, SourceSelection } from './ports';
import { MAXIMUM_BATCH_BYTES, type SampleBatch } from './sample-batch';
import { concatSpans, sliceSpan } from './spans';

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

/** Cuts one device's recordings; keeps what a batch still lacks from one part to the next. */
class BatchCutter {
  private readonly options: ReplayOptions;
  private readonly device: string;
  private held?: DeviceRecording;

  constructor(options: ReplayOptions, device: string) {
    this.options = options;
    this.device = device;
  }

  /** Batches lie on a grid of the device's clock, so that they do not depend on where it began. */
  *cut(part: DeviceRecording): Generator<SampleBatch> {
    const span = this.held ? concatSpans(this.held.span, part.span) : part.span;
    const whole = { ...part, span };
    this.held = undefined;
    const { timestampsMs } = span;
    const slot = (index: number) =>
      Math.floor((timestampsMs[index] as number) / this.options.batchMs);
    const most = samplesPerBatch(part.channels.length);
    let from = 0;
    for (let index = 1; index < timestampsMs.length; index += 1) {
      if (slot(index) === slot(from) && index - from < most) continue;
      yield this.batch(whole, from, index, false);
      from = index;
    }
    if (part.continues) {
      this.held = { ...whole, span: sliceSpan(span, from, timestampsMs.length) };
    } else if (timestampsMs.length > 0) {
      yield this.batch(whole, from, timestampsMs.length, true);
    }
  }

  private batch(part: DeviceRecording, from: number, until: number, last: boolean): SampleBatch {
    const { recording, subjectKey, channels, span } = part;
    const { dataset } = this.options;
    const origin = { dataset, device: this.device, subjectKey, recording, channels };
    return { ...origin, span: sliceSpan(span, from, until), last };
  }
}

async function* replayDevice(
  source: SampleSource,
  options: ReplayOptions,
  device: string,
): AsyncGenerator<ReplayedBatch> {
  const cutter = new BatchCutter(options, device);
  let originMs: number | undefined;
  for await (const recording of source.recordings(options, device)) {
    for (const batch of cutter.cut(recording)) {
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
