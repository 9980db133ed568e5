/** The format `casas`: smartwatches worn in daily life, with answers to prompts. */
import { landBulkPart } from '../bulk/land-part';
import { samplesFormat } from '../landing/samples-format';
import { CASAS_KIND } from './casas-kind';
import { labelledRefresh } from './labelled-refresh';
import { EXTENSIONS, readLayout, recordingOf } from './layout';
import { DEFAULT_LABELLING } from './options';
import { casasTrustedTable } from './trusted';

export const CASAS = samplesFormat({
  kind: CASAS_KIND,
  extensions: EXTENSIONS,
  readLayout,
  recordingOf,
  landPart: (lake, request) => landBulkPart(lake, CASAS_KIND, request),
  ...labelledRefresh({
    name: 'casas',
    usual: DEFAULT_LABELLING,
    trustedTable: casasTrustedTable,
  }),
});
