/** The formats of datasets that Watchlake knows, by name. */
import { WatchlakeError } from '../core/errors';
import { ARWISE } from './arwise/arwise-format';
import { CASAS } from './casas/casas-format';
import type { DatasetFormat, FormatName, RefreshPlanBase } from './dataset-format';
import type { RefreshRequest } from './refresh-request';
import { FORMAT_NAMES } from './dataset-format';
import { DEVICES_DATASET, EVENTS_TABLE } from './devices/names';
import { readJson } from './json';
import type { Lake } from './lake';
import { RECORDINGS } from './landing/recordings-format';
import { STEDI } from './stedi/stedi-format';
import { unknownDataset } from './unknown-names';

const FORMATS: Readonly<Record<FormatName, DatasetFormat>> = {
  recordings: RECORDINGS,
  stedi: STEDI,
  casas: CASAS,
  arwise: ARWISE,
};

export const formatNamed = (name: FormatName): DatasetFormat => FORMATS[name];

/** The format of a plan; plans of earlier versions name none and are of recordings. */
export const formatOf = ({ format = 'recordings' }: { format?: FormatName }): DatasetFormat =>
  formatNamed(format);

/** The format whose landing table the dataset has; DATASET_NOT_FOUND when nothing has landed. */
export async function formatOfDataset(lake: Lake, dataset: string): Promise<DatasetFormat> {
  for (const format of Object.values(FORMATS)) {
    const table = format.landingTables[0] as string;
    if ((await lake.catalog.pointer({ dataset, table })) !== null) return format;
  }
  throw await unknownDataset(lake, dataset);
}

/** The same for a refresh: whoever gives options of the format stedi means that one, landed or not. */
export async function formatToRefresh(
  lake: Lake,
  { dataset, options }: RefreshRequest,
): Promise<DatasetFormat> {
  if (options === undefined) return formatOfDataset(lake, dataset);
  await refuseOtherFormat(lake, dataset, STEDI.name);
  return STEDI;
}

export const loadRefreshPlan = ({ store }: Lake, planKey: string): Promise<RefreshPlanBase> =>
  readJson<RefreshPlanBase>(store, planKey);

/** A person may have a profile before any event has landed. */
export const holdsDevices = async ({ catalog }: Lake, dataset: string): Promise<boolean> =>
  dataset === DEVICES_DATASET || (await catalog.pointer({ dataset, table: EVENTS_TABLE })) !== null;

/** The first format but this whose data the dataset holds, or null. */
async function otherFormat({ catalog }: Lake, dataset: string, name?: FormatName) {
  for (const other of FORMAT_NAMES.filter((each) => each !== name)) {
    const table = FORMATS[other].landingTables[0] as string;
    if ((await catalog.pointer({ dataset, table })) !== null) return other;
  }
  return null;
}

const refusal = (field: string, detail: string): WatchlakeError =>
  new WatchlakeError('INPUT_INVALID', { field, detail });

/** INPUT_INVALID when the dataset already holds tables of another format, or is one of devices. */
export async function refuseOtherFormat(
  lake: Lake,
  dataset: string,
  name: FormatName,
): Promise<void> {
  if (await holdsDevices(lake, dataset)) {
    throw refusal('dataset', `${dataset} holds what devices send; give archives another name`);
  }
  const other = await otherFormat(lake, dataset, name);
  if (other === null) return;
  throw refusal('format', `the dataset ${dataset} is of the format ${other}`);
}

/** INPUT_INVALID when archives have landed there: whose their rows are, profiles of devices do not tell. */
export async function refuseArchives(lake: Lake, dataset: string): Promise<void> {
  const other = await otherFormat(lake, dataset);
  if (other === null) return;
  const detail = `${dataset} is of the format ${other}; give what devices send another name`;
  throw refusal('dataset', detail);
}
