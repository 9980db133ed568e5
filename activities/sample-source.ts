/** Recordings of the lake as the simulator replays them: device by device, in clock order. */
import type { Lake } from '../lakehouse/lake';
import { ownersOf } from '../lakehouse/landing/descriptor';
import { countSamples, deviceSamples } from '../lakehouse/samples';
import { findManifest } from '../lakehouse/snapshots';
import { TRUSTED_TABLE } from '../lakehouse/watch/trusted';
import type { DeviceRecording, SampleSource, SourceSelection } from '../streaming/ports';

export const createSampleSource = (lake: Lake): SampleSource => ({
  size: (selection: SourceSelection) => countSamples(lake, selection),

  async devices(selection: SourceSelection) {
    return (await deviceSamples(lake, selection)).map(({ device }) => device);
  },

  async *recordings(selection: SourceSelection, wanted: string): AsyncGenerator<DeviceRecording> {
    const found = (await deviceSamples(lake, selection)).find(({ device }) => device === wanted);
    if (found === undefined) return;
    const { channels } = found;
    const owners = await ownersOf(lake, selection.dataset);
    for await (const { recording, endsRecording, timestampsMs, values } of found.blocks()) {
      const subjectKey = owners.get(recording) ?? '';
      const span = { timestampsMs, values };
      yield { recording, subjectKey, channels, span, continues: !endsRecording };
    }
  },

  async currentSnapshot(dataset: string): Promise<string> {
    const { snapshotId } = await findManifest(lake, { dataset, table: TRUSTED_TABLE });
    return snapshotId;
  },
});
