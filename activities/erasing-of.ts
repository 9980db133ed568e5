/** How people are erased from a dataset: by its format, or by the profiles of devices. */
import type { ErasingFormat } from '../lakehouse/erasure/erasing-format';
import { knowingOwnWords } from '../lakehouse/erasure/own-words';
import { devicesErasing, type DeviceOwners } from '../lakehouse/devices/erasing';
import { formatOfDataset, holdsDevices } from '../lakehouse/formats';
import type { Lake } from '../lakehouse/lake';

/** DATASET_NOT_FOUND when nothing has landed. */
export async function erasingOf(
  { lake, devices }: { readonly lake: Lake; readonly devices: DeviceOwners },
  dataset: string,
): Promise<ErasingFormat> {
  if (await holdsDevices(lake, dataset)) return knowingOwnWords(devicesErasing(devices));
  return knowingOwnWords((await formatOfDataset(lake, dataset)).erasing);
}
