/** customer_curated: consenting people with readings whose step trainer is theirs. */
import type { ColumnDeclaration, RowWiseTransform, TableDeclaration } from '../tables';
import { column, declareTable, reason } from '../tables';
import { DEVICE_OWNERS, DEVICE_OWNERS_SQL } from './device-owners';
import { SUBJECT_COLUMN } from './landing-tables';
import {
  ACCELEROMETER_TRUSTED,
  CUSTOMER_CURATED,
  CUSTOMER_TRUSTED,
  STEDI_LANDING,
  stediLocation,
} from './locations';

const COLUMNS: readonly ColumnDeclaration[] = [
  SUBJECT_COLUMN,
  column('serialNumber', 'string', "Serial number of the person's step trainer"),
  column('registrationDate', 'bigint', 'When the person registered, ms since 1970'),
  column('lastUpdateDate', 'bigint', 'When the row was last changed, ms since 1970'),
  column('shareWithResearchAsOfDate', 'bigint', 'Consent to research, from then on'),
];

const SQL = `WITH ${DEVICE_OWNERS_SQL}
SELECT ${COLUMNS.map(({ name }) => `c.${name}`).join(', ')},
  CAST(NULL AS STRING) AS source_file, CAST(NULL AS BIGINT) AS source_line,
  CAST(NULL AS STRING) AS _quarantine, CAST(NULL AS STRING) AS _detail,
  CASE
    WHEN r.subject_key IS NULL THEN 'no-readings'
    WHEN o.subject_key IS NULL THEN 'shared-serial-number'
  END AS _drop
FROM ${CUSTOMER_TRUSTED} c
LEFT JOIN (SELECT DISTINCT a.subject_key FROM ${ACCELEROMETER_TRUSTED} a) r
  ON r.subject_key = c.subject_key
LEFT JOIN ${DEVICE_OWNERS} o
  ON o.subject_key = c.subject_key AND o.serialNumber = c.serialNumber`;

const SHARED = `SELECT COUNT(*) AS offending FROM (
  SELECT t.serialNumber FROM ${CUSTOMER_CURATED} t GROUP BY t.serialNumber HAVING COUNT(*) > 1
) s`;

export const customerCurated = (dataset: string): TableDeclaration<RowWiseTransform> =>
  declareTable({
    dataset,
    name: CUSTOMER_CURATED,
    zone: 'curated',
    location: stediLocation(dataset, CUSTOMER_CURATED),
    comment: 'People who share their data and have readings; one for each serial number',
    columns: COLUMNS,
    key: ['subject_key'],
    partitions: [],
    orderBy: ['subject_key'],
    inputs: [CUSTOMER_TRUSTED, ACCELEROMETER_TRUSTED, ...Object.values(STEDI_LANDING)],
    transform: { type: 'row-wise', sql: SQL },
    checks: [{ name: 'serial-number-shared', sql: SHARED }],
    reasons: [
      reason('dropped', 'no-readings', 'the person has no accelerometer reading that counts'),
      reason(
        'dropped',
        'shared-serial-number',
        'somebody else, who may not consent, uses the device',
      ),
    ],
  });
