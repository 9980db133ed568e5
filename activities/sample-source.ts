/** Recordings of the lake as the simulator replays them: device by device, in clock order. */
import type { Lake } from '../lakehouse/lake';
import type { SampleBlock } from '../lakehouse/sample-blocks';
import { ownersOf } from '../lakehouse/landing/descriptor';
import { deviceSamples } from '../lakehouse/samples';
import type { SampleSpan } from '../models/signal';
import type { DeviceRecording, SampleSource, SourceSelection } from '../streaming/ports';

export const createSampleSource = (lake: Lake): SampleSource => ({
  async devices(selection: SourceSelection) {
    return (await deviceSamples(lake, selection)).map(({ device }) => device);
  },

  async *recordings(selection: SourceSelection, wanted: string): AsyncGenerator<DeviceRecording> {
    const found = (await deviceSamples(lake, selection)).find(({ device }) => device === wanted);
    if (found === undefined) return;
    const { channels } = found;
    const owners = await ownersOf(lake, selection.dataset);
    let parts: SampleBlock[] = [];
    for await (const block of found.blocks()) {
      parts.push(block);
      if (!block.endsRecording) continue;
      const { recording } = block;
      const subjectKey = owners.get(recording) ?? '';
      yield { recording, subjectKey, channels, span: joined(parts) };
      parts = [];
    }
  },
});

/** One recording in one piece: minutes of signal, a few megabytes. */
function joined(parts: readonly SampleBlock[]): SampleSpan {
  const [only] = parts;
  if (parts.length === 1 && only) return only;
  const length = parts.reduce((sum, { timestampsMs }) => sum + timestampsMs.length, 0);
  const timestampsMs = new Float64Array(length);
  const values = (only?.values ?? []).map(() => new Float32Array(length));
  let offset = 0;
  for (const part of parts) {
    timestampsMs.set(part.timestampsMs, offset);
    part.values.forEach((channel, index) => values[index]?.set(channel, offset));
    offset += part.timestampsMs.length;
  }
  return { timestampsMs, values };
}
