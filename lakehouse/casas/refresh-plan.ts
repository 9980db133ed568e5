/** Which tables of a dataset of the format `casas` are built, and by which options. */
import type { RefreshPlanBase, RefreshRequest } from '../dataset-format';
import { contentHash } from '../../core/hash';
import { writeJson } from '../json';
import type { Lake } from '../lake';
import { findManifestOrNull } from '../snapshots';
import type { TableDeclaration } from '../tables';
import type { RefreshPlan } from '../watch/refresh-plan';
import { curatedTables, planOf, presentRefresh as presentWindow } from '../watch/refresh-plan';
import { TRUSTED_TABLE } from '../watch/trusted';
import type { LabelOptions } from './options';
import { DEFAULT_LABELS } from './options';
import { casasTrustedTable } from './trusted';

export interface CasasRefreshPlan extends RefreshPlan {
  readonly labels: LabelOptions;
}

export const declaredTables = (plan: CasasRefreshPlan): TableDeclaration[] => [
  casasTrustedTable({
    dataset: plan.dataset,
    channels: plan.descriptor.channels,
    labels: plan.labels,
  }),
  ...curatedTables(plan),
];

/** Those of the published table: a refresh that names none changes no rule. */
async function publishedLabels(lake: Lake, dataset: string): Promise<LabelOptions> {
  const manifest = await findManifestOrNull(lake, { dataset, table: TRUSTED_TABLE });
  const { labels } = (manifest?.facts ?? {}) as { labels?: LabelOptions };
  return { ...DEFAULT_LABELS, ...labels };
}

export async function planRefresh(
  lake: Lake,
  request: RefreshRequest,
): Promise<{ plan: CasasRefreshPlan; planKey: string }> {
  const { dataset } = request;
  const labels = { ...(await publishedLabels(lake, dataset)), ...request.labels };
  const plan: CasasRefreshPlan = { ...(await planOf(lake, request)), format: 'casas', labels };
  const planKey = `refresh/${dataset}/${contentHash(plan)}.json`;
  await writeJson(lake.store, planKey, plan);
  return { plan, planKey };
}

export const factsOf = (plan: RefreshPlanBase): Record<string, unknown> => ({
  labels: (plan as CasasRefreshPlan).labels,
});

/** How the published tables were made; null when there are none. */
export async function presentRefresh(lake: Lake, dataset: string): Promise<RefreshRequest | null> {
  const present = await presentWindow(lake, dataset);
  return present && { ...present, labels: await publishedLabels(lake, dataset) };
}
