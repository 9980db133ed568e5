/** Recordings made by a formula, so that every process of a test has the same ones. */
import type { DeviceRecording, SampleSource } from '../../streaming/ports';
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

function made(device: string, index: number, options: MadeRecordings): DeviceRecording {
  const { secondsEach, rateHz = RATE_HZ } = options;
  const count = secondsEach * rateHz;
  const startMs = index * (secondsEach * 1000 + PAUSE_MS);
  const phase = device.length + Number(device.split('-')[1]) + index;
  return {
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

/** As many devices as asked for, whatever the selection. */
export const madeRecordings = (options: MadeRecordings): SampleSource => ({
  size: () => {
    const { devices, recordings, secondsEach, rateHz = RATE_HZ } = options;
    return Promise.resolve(devices * recordings * secondsEach * rateHz);
  },
  devices: () =>
    Promise.resolve(Array.from({ length: options.devices }, (_, index) => `watch-${index}`)),
  async *recordings(_selection, device) {
    for (let index = 0; index < options.recordings; index += 1) {
      yield await Promise.resolve(made(device, index, options));
    }
  },
});
