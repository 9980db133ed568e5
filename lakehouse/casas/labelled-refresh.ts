/** Which tables are built of datasets that CASAS has labelled, and by which choices. */
import { contentHash } from '../../core/hash';
import type { DatasetFormat, RefreshPlanBase } from '../dataset-format';
import type { RefreshRequest } from '../refresh-request';
import type { ErasingFormat } from '../erasure/erasing-format';
import { writeJson } from '../json';
import type { Lake } from '../lake';
import type { SamplesFormatName } from '../landing/descriptor';
import { landingFacts, landingManifest } from '../landing/descriptor';
import type { Channel } from '../landing/recordings-layout';
import { findManifestOrNull } from '../snapshots';
import type { TableDeclaration } from '../tables';
import type { RefreshPlan } from '../watch/refresh-plan';
import { curatedTables, planOf, presentRefresh as presentWindow } from '../watch/refresh-plan';
import { TRUSTED_TABLE } from '../watch/trusted';
import type { ActivityRules } from './activities';
import { CASAS_ACTIVITIES } from './activities';
import type { Labelling } from './options';

export interface TrustedFacts {
  readonly dataset: string;
  readonly channels: readonly Channel[];
  readonly labelling: Labelling;
  readonly rules: ActivityRules;
}

interface LabelledPlan extends RefreshPlan {
  readonly labelling: Labelling;
  readonly rules: ActivityRules;
}

export interface LabelledFormat {
  readonly name: SamplesFormatName;
  /** Where nobody has chosen anything. */
  readonly usual: Labelling;
  readonly trustedTable: (facts: TrustedFacts) => TableDeclaration;
}

/** Those of the published table: a refresh that names none changes no rule. */
async function publishedLabelling(
  { usual }: LabelledFormat,
  lake: Lake,
  dataset: string,
): Promise<Labelling> {
  const manifest = await findManifestOrNull(lake, { dataset, table: TRUSTED_TABLE });
  const { labelling } = (manifest?.facts ?? {}) as { labelling?: Labelling };
  return { ...usual, ...labelling };
}

async function planRefresh(format: LabelledFormat, lake: Lake, request: RefreshRequest) {
  const { dataset } = request;
  const published = await publishedLabelling(format, lake, dataset);
  const { activities: rules = CASAS_ACTIVITIES } = landingFacts(
    await landingManifest(lake, dataset),
  );
  const plan: LabelledPlan = {
    ...(await planOf(lake, request)),
    format: format.name,
    labelling: { ...published, ...request.labelling },
    rules,
  };
  const planKey = `refresh/${dataset}/${contentHash(plan)}.json`;
  await writeJson(lake.store, planKey, plan);
  return { plan, planKey };
}

/** How the published tables were made; null when there are none. */
async function presentRefresh(format: LabelledFormat, lake: Lake, dataset: string) {
  const present = await presentWindow(lake, dataset);
  return present && { ...present, labelling: await publishedLabelling(format, lake, dataset) };
}

export type LabelledRefresh = Required<
  Pick<DatasetFormat, 'planRefresh' | 'declaredTables' | 'factsOf'>
> &
  Pick<ErasingFormat, 'presentRefresh'>;

export const labelledRefresh = (format: LabelledFormat): LabelledRefresh => ({
  planRefresh: (lake, request) => planRefresh(format, lake, request),
  declaredTables: (plan: LabelledPlan) => [
    format.trustedTable({
      ...{ dataset: plan.dataset, channels: plan.descriptor.channels },
      ...{ labelling: plan.labelling, rules: plan.rules },
    }),
    ...curatedTables(plan),
  ],
  factsOf: (plan: RefreshPlanBase) => ({ labelling: (plan as LabelledPlan).labelling }),
  presentRefresh: (lake, dataset) => presentRefresh(format, lake, dataset),
});
