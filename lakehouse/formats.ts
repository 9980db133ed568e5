/** The formats of datasets that Watchlake knows, by name. */
import { WatchlakeError } from '../core/errors';
import { ARWISE } from './arwise/arwise-format';
import { CASAS } from './casas/casas-format';
import type { DatasetFormat, FormatName, RefreshPlanBase } from './dataset-format';
import { FORMAT_NAMES } from './dataset-format';
import { readJson } from './json';
import type { Lake } from './lake';
import { RECORDINGS } from './landing/recordings-format';
import { STEDI } from './stedi/stedi-format';

const FORMATS: Readonly<Record<FormatName, DatasetFormat>> = {
  recordings: RECORDINGS,
  stedi: STEDI,
  casas: CASAS,
  arwise: ARWISE,
};

export const formatNamed = (name: FormatName): DatasetFormat => FORMATS[name];

/** The format of a plan; plans of versions before 0.2 name none and are of recordings. */
export const formatOf = ({ format = 'recordings' }: { format?: FormatName }): DatasetFormat =>
  formatNamed(format);

/** The format whose landing table the dataset has; DATASET_NOT_FOUND when nothing has landed. */
export async function formatOfDataset({ catalog }: Lake, dataset: string): Promise<DatasetFormat> {
  for (const format of Object.values(FORMATS)) {
    const table = format.landingTables[0] as string;
    if ((await catalog.pointer({ dataset, table })) !== null) return format;
  }
  throw new WatchlakeError('DATASET_NOT_FOUND', { dataset });
}

export const loadRefreshPlan = ({ store }: Lake, planKey: string): Promise<RefreshPlanBase> =>
  readJson<RefreshPlanBase>(store, planKey);

/** INPUT_INVALID when the dataset already holds tables of another format. */
export async function refuseOtherFormat(
  { catalog }: Lake,
  dataset: string,
  name: FormatName,
): Promise<void> {
  for (const other of FORMAT_NAMES.filter((each) => each !== name)) {
    const table = FORMATS[other].landingTables[0] as string;
    if ((await catalog.pointer({ dataset, table })) === null) continue;
    const detail = `the dataset ${dataset} is of the format ${other}`;
    throw new WatchlakeError('INPUT_INVALID', { field: 'format', detail });
  }
}
