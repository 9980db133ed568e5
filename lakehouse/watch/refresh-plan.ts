/** Which tables of a recordings dataset are built, in which order, and what decides their content. */
import type { FeatureSchema } from '../../models/features';
import { featureSchema } from '../../models/features';
import type { WindowSpec } from '../../models/signal';
import { DEFAULT_MAX_GAP_MS, DEFAULT_WINDOW } from '../../models/signal';
import { contentHash } from '../../core/hash';
import type { RefreshPlanBase } from '../dataset-format';
import type { RefreshRequest } from '../refresh-request';
import { writeJson } from '../json';
import type { Lake } from '../lake';
import type { DatasetDescriptor } from '../landing/descriptor';
import { landingFacts, landingManifest } from '../landing/descriptor';
import { findManifestOrNull } from '../snapshots';
import type { TableDeclaration } from '../tables';
import { trustedTable } from './trusted';
import { FEATURES_TABLE, windowFeaturesTable } from './window-features';
import { windowsTable } from './windows';

export interface RefreshPlan extends RefreshPlanBase {
  readonly formatVersion: 1;
  readonly window: WindowSpec;
  readonly maxGapMs: number;
  readonly descriptor: DatasetDescriptor;
}

/** A slow device has long distances between samples that are no gaps. */
export const usualGap = (rateHz: number): number =>
  Math.max(DEFAULT_MAX_GAP_MS, Math.ceil(2.5 * (1000 / rateHz)));

/** Of a window that is to be complete. */
const maximumGap = (rateHz: number, window: WindowSpec): number =>
  Math.min(usualGap(rateHz), Math.floor(window.lengthMs / 4));

export const schemaOf = ({ descriptor, window, maxGapMs }: RefreshPlan): FeatureSchema =>
  featureSchema({
    channels: descriptor.channels.map(({ name }) => name),
    rateHz: descriptor.rateHz,
    window,
    maxGapMs,
  });

/** Those that follow from the samples, whatever format they came in. */
export function curatedTables(plan: RefreshPlan): TableDeclaration[] {
  const { dataset, window, maxGapMs } = plan;
  return [
    windowsTable({ dataset, window, maxGapMs }),
    windowFeaturesTable({ dataset, schema: schemaOf(plan) }),
  ];
}

/** In the order in which they can be built. */
export const declaredTables = (plan: RefreshPlan): TableDeclaration[] => [
  trustedTable({ dataset: plan.dataset, channels: plan.descriptor.channels }),
  ...curatedTables(plan),
];

/** DATASET_NOT_FOUND when nothing has landed. */
export async function planOf(
  lake: Lake,
  { dataset, window = DEFAULT_WINDOW }: Pick<RefreshRequest, 'dataset' | 'window'>,
): Promise<RefreshPlan> {
  const landing = await landingManifest(lake, dataset);
  const { descriptor } = landingFacts(landing);
  return {
    formatVersion: 1,
    dataset,
    window,
    maxGapMs: maximumGap(descriptor.rateHz, window),
    sources: { [landing.table]: landing.snapshotId },
    descriptor,
  };
}

/** The plan's key names its content. */
export async function planRefresh(
  lake: Lake,
  request: Pick<RefreshRequest, 'dataset' | 'window'>,
): Promise<{ plan: RefreshPlan; planKey: string }> {
  const { dataset } = request;
  const plan = await planOf(lake, request);
  const planKey = `refresh/${dataset}/${contentHash(plan)}.json`;
  await writeJson(lake.store, planKey, plan);
  return { plan, planKey };
}

/** How the published tables were made; null when there are none. */
export async function presentRefresh(lake: Lake, dataset: string): Promise<RefreshRequest | null> {
  const manifest = await findManifestOrNull(lake, { dataset, table: FEATURES_TABLE });
  if (manifest === null) return null;
  const schema = manifest.facts.featureSchema as FeatureSchema | undefined;
  return { dataset, window: schema?.signal.window };
}
