/** The landing tables: each line of the sources in its declared types, with its origin. */
import type {
  ColumnDeclaration,
  ColumnType,
  RowsTransform,
  TableCheck,
  TableDeclaration,
} from '../tables';
import { column, declareTable, reason } from '../tables';
import { SENT_AGAIN } from './copies';
import type { Field, SourceName } from './fields';
import { SOURCE_FIELDS } from './fields';
import { STEDI_LANDING, stediLocation } from './locations';

const TYPES: Record<Field['type'], ColumnType> = {
  text: 'string',
  epoch: 'bigint',
  number: 'double',
};

const ORIGIN_COLUMNS: readonly ColumnDeclaration[] = [
  column('source_file', 'string', 'File in the source'),
  column('source_line', 'bigint', 'Line in that file'),
];

export const SUBJECT_COLUMN = column('subject_key', 'string', 'Keyed pseudonym of the person');

const LANDING_REASONS = [
  reason('quarantined', 'json-malformed', 'the line is not one JSON value'),
  reason('quarantined', 'carriage-return', 'the line is no JSON and has a carriage return within'),
  reason('quarantined', 'not-an-object', 'the line is JSON, but no object'),
  reason('quarantined', 'not-utf-8', 'the line has bytes that are no UTF-8'),
  reason('quarantined', 'field-repeated', 'a field stands in the line more than once'),
  reason('quarantined', 'field-missing', 'a required field is absent, null or blank'),
  reason('quarantined', 'wrong-type', 'a field is not of its declared type'),
  reason('quarantined', 'epoch-in-seconds', 'a moment is too small for milliseconds since 1970'),
  reason('quarantined', 'epoch-out-of-range', 'a moment is not between 1970 and 2100'),
  reason('dropped', 'consent-withdrawn', 'the person was erased'),
  reason('dropped', SENT_AGAIN, 'its file repeats another, under another name'),
];

const COMMENTS: Record<SourceName, string> = {
  customer: 'Customers as received',
  accelerometer: 'Accelerometer readings of the mobile app as received',
  step_trainer: 'Step trainer readings as received',
};

export function landingColumns(source: SourceName): ColumnDeclaration[] {
  const fields = SOURCE_FIELDS[source].map(({ name, type, comment, required, personal }) =>
    column(name, TYPES[type], comment, { required, personal }),
  );
  return [...fields, ...(source === 'customer' ? [SUBJECT_COLUMN] : []), ...ORIGIN_COLUMNS];
}

/** Within a file a line is one row. Cheaper than to compare all lines, and a name that two files bear shows in it. */
const moreRowsThanLines = (source: SourceName): TableCheck => ({
  name: 'more-rows-than-lines',
  sql: `SELECT COUNT(*) AS offending FROM (
  SELECT t.source_file FROM ${STEDI_LANDING[source]} t
  GROUP BY t.source_file HAVING COUNT(*) > MAX(t.source_line)
) m`,
});

/** `content` changes with the files that the table holds and the rules that they passed. */
export const landingTable = (
  dataset: string,
  source: SourceName,
  content: string,
): TableDeclaration<RowsTransform> =>
  declareTable({
    dataset,
    name: STEDI_LANDING[source],
    zone: 'landing',
    location: stediLocation(dataset, STEDI_LANDING[source]),
    comment: COMMENTS[source],
    columns: landingColumns(source),
    key: [],
    partitions: [],
    orderBy: [],
    inputs: [],
    transform: { type: 'rows', recipe: content },
    checks: [moreRowsThanLines(source)],
    reasons: LANDING_REASONS,
  });
