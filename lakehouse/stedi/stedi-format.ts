/** The format `stedi`: customers, their phones' accelerometers and their step trainers. */
import type { DatasetFormat } from '../dataset-format';
import { STEDI_ERASING } from './erasing';
import { openIngest } from './ingest-plan';
import { landBatch } from './land-batch';
import { EXTENSIONS } from './layout';
import { STEDI_LANDING } from './locations';
import { publishLanding } from './publish-landing';
import { replayQuarantine } from './replay';
import type { StediRefreshPlan } from './refresh-plan';
import { declaredTables, planRefresh } from './refresh-plan';

export const STEDI: DatasetFormat = {
  name: 'stedi',
  extensions: EXTENSIONS,
  landingTables: Object.values(STEDI_LANDING),
  catalogTables: STEDI_LANDING,
  erasing: STEDI_ERASING,
  openIngest,
  landBatch,
  publishLanding,
  replayQuarantine,
  planRefresh,
  declaredTables: (plan: StediRefreshPlan) => declaredTables(plan),
  factsOf: ({ options }: StediRefreshPlan) => ({ options }),
};
