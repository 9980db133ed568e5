/** The format `recordings`: recordings of movements, each with its device and person. */
import { emptinessOf } from '../watch/no-windows';
import { declaredTables, planRefresh, presentRefresh } from '../watch/refresh-plan';
import { landPart } from './land-part';
import { RECORDINGS_KIND } from './landing-table';
import { readLayout } from './recordings-layout';
import { samplesFormat } from './samples-format';

export const RECORDINGS = samplesFormat({
  kind: RECORDINGS_KIND,
  extensions: ['.csv'],
  readLayout: ({ source }) => readLayout(source),
  landPart,
  presentRefresh,
  planRefresh,
  declaredTables,
  emptinessOf,
});
