/** How people are erased from a dataset: by its format, or by the profiles of devices. */
import type { Consent } from '../consent/consent';
import { workflowIds } from '../core/workflow-ids';
import type { ErasingFormat } from '../lakehouse/erasure/erasing-format';
import { knowingOwnWords } from '../lakehouse/erasure/own-words';
import { devicesErasing, type DeviceOwners } from '../lakehouse/devices/erasing';
import { FORMAT_NAMES } from '../lakehouse/dataset-format';
import { formatNamed, formatOfDataset, holdsDevices } from '../lakehouse/formats';
import type { Lake } from '../lakehouse/lake';
import { FIRST_VERSION, PROMOTION_REASONS } from '../models/promotion';
import { TRAINING_SCHEMES } from './inputs';

// Into columns where people write as well, and into documents; ids of runs stand beside what the runs are about.
const WRITTEN = [
  ...[FIRST_VERSION, ...PROMOTION_REASONS, ...TRAINING_SCHEMES],
  ...Object.values(workflowIds as Record<string, (...names: string[]) => string>).map((idOf) =>
    idOf('', ''),
  ),
];

interface ErasingDeps {
  readonly lake: Lake;
  readonly devices: DeviceOwners;
  readonly consent: Pick<Consent, 'ownWords'>;
}

/** DATASET_NOT_FOUND when nothing has landed. */
export async function erasingOf(
  { lake, devices, consent }: ErasingDeps,
  dataset: string,
): Promise<ErasingFormat> {
  const ofDatabase = async () => [...WRITTEN, ...(await consent.ownWords())];
  if (await holdsDevices(lake, dataset))
    return knowingOwnWords(devicesErasing(devices), ofDatabase);
  return knowingOwnWords((await formatOfDataset(lake, dataset)).erasing, ofDatabase);
}

/** As any format may have written it: which one a dataset had that was removed, nothing tells. */
export const possibleIdentifiers = (given: string): string[] => [
  // Devices have no format: there a user is called as they are typed.
  ...new Set([
    given.trim(),
    ...FORMAT_NAMES.map((each) => formatNamed(each).erasing.identifierOf(given)),
  ]),
];
