/** The format `arwise`: windows of 100 samples, cut out of CASAS recordings by their authors. */
import type { BulkKind } from '../bulk/bulk-kind';
import { landBulkPart } from '../bulk/land-part';
import { bulkPartsOf } from '../bulk/parts';
import { labelledRefresh } from '../casas/labelled-refresh';
import { EXTENSIONS } from '../casas/layout';
import { DEFAULT_LABELLING } from '../casas/options';
import { samplesFormat } from '../landing/samples-format';
import { ARWISE_FIELDS, LABEL, SAMPLES_OF_WINDOW } from './fields';
import { ARWISE_LANDING, declareArwiseLanding, windowRowsSql } from './landing-table';
import { readHeader, readLayout, recordingOf, subjectOf } from './layout';
import { arwiseTrustedTable } from './trusted';

export const ARWISE_KIND: BulkKind = {
  format: 'arwise',
  table: ARWISE_LANDING,
  declare: declareArwiseLanding,
  partsOf: bulkPartsOf,
  describing: ['source_file', LABEL.name],
  subjectOf,
  headerLines: 1,
  // Windows of a file need not be in the order of time: what overlaps any of a slice before is known by its latest.
  lastBy: 'time_ms',
  fields: ARWISE_FIELDS,
  rowsInLine: SAMPLES_OF_WINDOW,
  labelColumn: LABEL.name,
  readHeader,
  rowsSql: windowRowsSql,
};

export const ARWISE = samplesFormat({
  kind: ARWISE_KIND,
  extensions: EXTENSIONS,
  readLayout,
  recordingOf,
  landPart: (lake, request) => landBulkPart(lake, ARWISE_KIND, request),
  ...labelledRefresh({
    name: 'arwise',
    usual: { ...DEFAULT_LABELLING, activities: 'summed-up' },
    trustedTable: arwiseTrustedTable,
  }),
});
