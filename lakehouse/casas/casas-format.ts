/** The format `casas`: smartwatches worn in daily life, with answers to prompts. */
import { landBulkPart } from '../bulk/land-part';
import { samplesFormat } from '../landing/samples-format';
import { CASAS_KIND } from './casas-kind';
import { readLayout } from './layout';
import type { CasasRefreshPlan } from './refresh-plan';
import { declaredTables, factsOf, planRefresh, presentRefresh } from './refresh-plan';

export const CASAS = samplesFormat({
  kind: CASAS_KIND,
  extensions: ['.csv'],
  readLayout,
  landPart: (lake, request) => landBulkPart(lake, CASAS_KIND, request),
  planRefresh,
  declaredTables: (plan: CasasRefreshPlan) => declaredTables(plan),
  factsOf,
  presentRefresh,
});
