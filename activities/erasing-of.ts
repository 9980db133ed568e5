/** How people are erased from a dataset: by its format, or by the profiles of devices. */
import type { ErasingFormat } from '../lakehouse/erasure/erasing-format';
import { devicesErasing, type DeviceOwners } from '../lakehouse/devices/erasing';
import { DEVICES_DATASET, EVENTS_TABLE } from '../lakehouse/devices/names';
import { formatOfDataset } from '../lakehouse/formats';
import type { Lake } from '../lakehouse/lake';

/** A person may have a profile before any event has landed. */
export const holdsDevices = async ({ catalog }: Lake, dataset: string): Promise<boolean> =>
  dataset === DEVICES_DATASET || (await catalog.pointer({ dataset, table: EVENTS_TABLE })) !== null;

/** DATASET_NOT_FOUND when nothing has landed. */
export async function erasingOf(
  { lake, devices }: { readonly lake: Lake; readonly devices: DeviceOwners },
  dataset: string,
): Promise<ErasingFormat> {
  if (await holdsDevices(lake, dataset)) return devicesErasing(devices);
  return (await formatOfDataset(lake, dataset)).erasing;
}
