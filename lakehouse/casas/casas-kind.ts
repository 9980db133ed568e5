/** How files of the format `casas` land. */
import type { BulkKind } from '../bulk/bulk-kind';
import { bulkPartsOf } from '../bulk/parts';
import { CASAS_FIELDS, LABEL, STAMP } from './fields';
import { HEADER_LINES, readHeader } from './header';
import { CASAS_LANDING, declareCasasLanding } from './landing-table';
import { subjectOf } from './layout';
import { HOLDS_SQL, placedRowsSql } from './place-sql';

export const CASAS_KIND: BulkKind = {
  format: 'casas',
  table: CASAS_LANDING,
  declare: declareCasasLanding,
  partsOf: bulkPartsOf,
  describing: ['source_file', LABEL.name],
  subjectOf,
  headerLines: HEADER_LINES,
  fields: CASAS_FIELDS,
  rowsInLine: 1,
  labelColumn: LABEL.name,
  looksAheadAt: STAMP,
  holdsSql: HOLDS_SQL,
  readHeader,
  rowsSql: placedRowsSql,
};
