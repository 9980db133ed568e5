/** Which tables of a recordings dataset are built, in which order, and what decides their content. */
import type { FeatureSchema } from '../../models/features';
import { featureSchema } from '../../models/features';
import type { WindowSpec } from '../../models/signal';
import { DEFAULT_MAX_GAP_MS, DEFAULT_WINDOW } from '../../models/signal';
import { contentHash } from '../../core/hash';
import type { RefreshPlanBase } from '../dataset-format';
import { writeJson } from '../json';
import type { Lake } from '../lake';
import type { DatasetDescriptor } from '../landing/descriptor';
import { LANDING_TABLE, landingFacts, landingManifest } from '../landing/descriptor';
import type { TableDeclaration } from '../tables';
import { trustedTable } from './trusted';
import { windowFeaturesTable } from './window-features';
import { windowsTable } from './windows';

export interface RefreshPlan extends RefreshPlanBase {
  readonly formatVersion: 1;
  readonly window: WindowSpec;
  readonly maxGapMs: number;
  readonly descriptor: DatasetDescriptor;
}

/** A slow device has long distances between samples that are no gaps. */
export function maximumGap(rateHz: number, window: WindowSpec): number {
  const slow = Math.ceil(2.5 * (1000 / rateHz));
  return Math.min(Math.max(DEFAULT_MAX_GAP_MS, slow), Math.floor(window.lengthMs / 4));
}

export const schemaOf = ({ descriptor, window, maxGapMs }: RefreshPlan): FeatureSchema =>
  featureSchema({
    channels: descriptor.channels.map(({ name }) => name),
    rateHz: descriptor.rateHz,
    window,
    maxGapMs,
  });

/** In the order in which they can be built. */
export function declaredTables(plan: RefreshPlan): TableDeclaration[] {
  const { dataset, descriptor, window, maxGapMs } = plan;
  return [
    trustedTable({ dataset, channels: descriptor.channels }),
    windowsTable({ dataset, window, maxGapMs }),
    windowFeaturesTable({ dataset, schema: schemaOf(plan) }),
  ];
}

/** DATASET_NOT_FOUND when nothing has landed. The plan's key names its content. */
export async function planRefresh(
  lake: Lake,
  { dataset, window = DEFAULT_WINDOW }: { dataset: string; window?: WindowSpec },
): Promise<{ plan: RefreshPlan; planKey: string }> {
  const landing = await landingManifest(lake, dataset);
  const { descriptor } = landingFacts(landing);
  const plan: RefreshPlan = {
    formatVersion: 1,
    dataset,
    window,
    maxGapMs: maximumGap(descriptor.rateHz, window),
    sources: { [LANDING_TABLE]: landing.snapshotId },
    descriptor,
  };
  const planKey = `refresh/${dataset}/${contentHash(plan)}.json`;
  await writeJson(lake.store, planKey, plan);
  return { plan, planKey };
}
