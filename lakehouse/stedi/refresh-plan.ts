/** Which tables of a dataset of the format `stedi` are built, from which landings, by which options. */
import { WatchlakeError } from '../../core/errors';
import { contentHash } from '../../core/hash';
import type { RefreshPlanBase } from '../dataset-format';
import type { RefreshRequest } from '../refresh-request';
import { writeJson } from '../json';
import type { Lake } from '../lake';
import { findManifestOrNull, newestManifest } from '../snapshots';
import type { TableDeclaration } from '../tables';
import { accelerometerTrusted } from './accelerometer-trusted';
import { customerCurated } from './customer-curated';
import { customerTrusted } from './customer-trusted';
import { MACHINE_LEARNING_CURATED, STEDI_LANDING, stediLocation } from './locations';
import { machineLearningCurated } from './machine-learning-curated';
import type { StediOptions } from './options';
import { DEFAULT_OPTIONS } from './options';
import { stepTrainerTrusted } from './step-trainer-trusted';

export interface StediRefreshPlan extends RefreshPlanBase {
  readonly formatVersion: 1;
  readonly format: 'stedi';
  readonly options: StediOptions;
}

export const declaredTables = ({
  dataset,
  options,
}: Pick<StediRefreshPlan, 'dataset' | 'options'>): TableDeclaration[] => [
  customerTrusted(dataset),
  accelerometerTrusted(dataset, options),
  customerCurated(dataset),
  stepTrainerTrusted(dataset, options),
  machineLearningCurated(dataset, options),
];

/** What the catalogue points at, or the newest snapshot that lies under the table's prefix. */
async function landingSnapshot(
  lake: Lake,
  dataset: string,
  table: string,
  { from }: StediOptions,
): Promise<string> {
  const manifest =
    from === 'catalog'
      ? await findManifestOrNull(lake, { dataset, table })
      : await newestManifest(lake, stediLocation(dataset, table));
  if (manifest === null) throw new WatchlakeError('STEDI_NOT_LANDED', { dataset, table });
  return manifest.snapshotId;
}

/** Those of the published tables: a refresh that names none changes no rule. */
export async function publishedOptions(lake: Lake, dataset: string): Promise<StediOptions> {
  const of = { dataset, table: MACHINE_LEARNING_CURATED };
  const facts = (await findManifestOrNull(lake, of))?.facts as
    { options?: StediOptions } | undefined;
  return { ...DEFAULT_OPTIONS, ...facts?.options, from: DEFAULT_OPTIONS.from };
}

/** STEDI_NOT_LANDED when a table that it starts from is missing. The plan's key names its content. */
export async function planRefresh(
  lake: Lake,
  { dataset, options: given }: RefreshRequest,
): Promise<{ plan: StediRefreshPlan; planKey: string }> {
  const options = { ...DEFAULT_OPTIONS, ...(given ?? (await publishedOptions(lake, dataset))) };
  const sources: Record<string, string> = {};
  for (const table of Object.values(STEDI_LANDING)) {
    sources[table] = await landingSnapshot(lake, dataset, table, options);
  }
  const plan: StediRefreshPlan = { formatVersion: 1, format: 'stedi', dataset, options, sources };
  const planKey = `refresh/${dataset}/${contentHash(plan)}.json`;
  await writeJson(lake.store, planKey, plan);
  return { plan, planKey };
}
