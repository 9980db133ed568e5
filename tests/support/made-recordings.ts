/** Recordings made by a formula, so that every process of a test has the same ones. */
import type { RecordingSlice, SampleSource } from '../../streaming/ports';
import { sliceSpan } from '../../models/spans';
import { TEST_SIGNAL } from './fake-classifier';

export interface MadeRecordings {
  readonly devices: number;
  readonly recordings: number;
  readonly secondsEach: number;
  /** Samples per second. */
  readonly rateHz?: number;
}

const RATE_HZ = 20;
const PAUSE_MS = 10_000;

export type MadeRecording = Omit<RecordingSlice, 'elapsedMs' | 'endsRecording'>;

function* slicesOf(recording: MadeRecording, sliceMs: number, originMs: number) {
  const { timestampsMs } = recording.span;
  const slotAt = (index: number) => Math.floor((timestampsMs[index] as number) / sliceMs);
  let from = 0;
  for (let at = 1; at <= timestampsMs.length; at += 1) {
    if (at < timestampsMs.length && slotAt(at) === slotAt(from)) continue;
    const elapsedMs = (timestampsMs[from] as number) - originMs;
    const endsRecording = at === timestampsMs.length;
    yield { ...recording, span: sliceSpan(recording.span, from, at), elapsedMs, endsRecording };
    from = at;
  }
}

/** Recordings of each device in the order of its clock, as the lake slices them. */
export function slicesOfAll(recordings: readonly MadeRecording[], sliceMs: number) {
  const origins = new Map<string, number>();
  const slices = recordings.flatMap((each): RecordingSlice[] => {
    const originMs = origins.get(each.device) ?? each.span.timestampsMs[0] ?? 0;
    origins.set(each.device, originMs);
    return [...slicesOf(each, sliceMs, originMs)];
  });
  const devices = [...origins.keys()].sort();
  const place = new Map(devices.map((device, index) => [device, index]));
  const placeOf = ({ device }: RecordingSlice) => place.get(device) as number;
  return slices.sort((a, b) => a.elapsedMs - b.elapsedMs || placeOf(a) - placeOf(b));
}

function made(device: string, index: number, options: MadeRecordings): MadeRecording {
  const { secondsEach, rateHz = RATE_HZ } = options;
  const count = secondsEach * rateHz;
  const startMs = index * (secondsEach * 1000 + PAUSE_MS);
  const phase = device.length + Number(device.split('-')[1]) + index;
  return {
    device,
    recording: `${device}-r${index}`,
    subjectKey: `subject-${Number(device.split('-')[1]) % 3}`,
    channels: TEST_SIGNAL.channels,
    span: {
      timestampsMs: Float64Array.from({ length: count }, (_, i) => startMs + (i * 1000) / rateHz),
      values: TEST_SIGNAL.channels.map((_, channel) =>
        Float32Array.from({ length: count }, (_value, i) =>
          Math.sin(i / 9 + phase * (channel + 1)),
        ),
      ),
    },
  };
}

const devicesOf = ({ devices }: MadeRecordings): string[] =>
  Array.from({ length: devices }, (_, index) => `watch-${index}`);

/** As many devices as asked for, whatever the selection. */
export const madeRecordings = (options: MadeRecordings): SampleSource => ({
  size: () => {
    const { devices, recordings, secondsEach, rateHz = RATE_HZ } = options;
    return Promise.resolve(devices * recordings * secondsEach * rateHz);
  },
  devices: () => Promise.resolve(devicesOf(options)),
  async *slices({ sliceMs }) {
    const recordings = devicesOf(options).flatMap((device) =>
      Array.from({ length: options.recordings }, (_, index) => made(device, index, options)),
    );
    for (const slice of slicesOfAll(recordings, sliceMs)) yield await Promise.resolve(slice);
  },
});
