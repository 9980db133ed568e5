/** Recordings of the lake as the simulator replays them: all devices side by side. */
import type { Lake } from '../lakehouse/lake';
import { sampleSlices } from '../lakehouse/sample-slices';
import { countSamples, devicesOf } from '../lakehouse/samples';
import { findManifest } from '../lakehouse/snapshots';
import { TRUSTED_TABLE } from '../lakehouse/watch/trusted';
import type { SampleSource, SliceSelection, SourceSelection } from '../streaming/ports';

export const createSampleSource = (lake: Lake): SampleSource => ({
  size: (selection: SourceSelection) => countSamples(lake, selection),
  devices: (selection: SourceSelection) => devicesOf(lake, selection),
  slices: (selection: SliceSelection) => sampleSlices(lake, selection),

  async currentSnapshot(dataset: string): Promise<string> {
    const { snapshotId } = await findManifest(lake, { dataset, table: TRUSTED_TABLE });
    return snapshotId;
  },
});
