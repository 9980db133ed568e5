/** customer_curated: consenting people with readings, one for each step trainer. */
import type { ColumnDeclaration, RowWiseTransform, TableDeclaration } from '../tables';
import { column, declareTable, reason } from '../tables';
import { normalSql } from './fields';
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

/**
 * Of the people who claim one serial number, the device is theirs at whose readings' moments it was
 * read most often: the app and the trainer are used together. Then the first to register has it.
 */
const SQL = `WITH owners AS (
  SELECT c.subject_key, c.serialNumber, c.registrationDate,
    COUNT(*) OVER (PARTITION BY c.serialNumber) AS claims
  FROM ${CUSTOMER_TRUSTED} c
  JOIN (SELECT DISTINCT a.subject_key FROM ${ACCELEROMETER_TRUSTED} a) r ON r.subject_key = c.subject_key
), disputed AS (
  SELECT o.subject_key, o.serialNumber FROM owners o WHERE o.claims > 1
), steps AS (
  SELECT d.serialNumber, d.subject_key, s.sensorReadingTime
  FROM ${STEDI_LANDING.step_trainer} s
  JOIN disputed d ON d.serialNumber = ${normalSql('s.serialNumber')}
), moments AS (
  SELECT s.subject_key, COUNT(DISTINCT s.sensorReadingTime) AS moments
  FROM steps s
  JOIN ${ACCELEROMETER_TRUSTED} a
    ON a.subject_key = s.subject_key AND a.timestamp = s.sensorReadingTime
  GROUP BY s.subject_key
), ranked AS (
  SELECT o.subject_key, ROW_NUMBER() OVER (PARTITION BY o.serialNumber
    ORDER BY COALESCE(m.moments, 0) DESC, o.registrationDate, o.subject_key) AS place
  FROM owners o LEFT JOIN moments m ON m.subject_key = o.subject_key
)
SELECT ${COLUMNS.map(({ name }) => `c.${name}`).join(', ')},
  CAST(NULL AS STRING) AS source_file, CAST(NULL AS BIGINT) AS source_line,
  CAST(NULL AS STRING) AS _quarantine, CAST(NULL AS STRING) AS _detail,
  CASE
    WHEN r.place IS NULL THEN 'no-readings'
    WHEN r.place > 1 THEN 'shared-serial-number'
  END AS _drop
FROM ${CUSTOMER_TRUSTED} c LEFT JOIN ranked r ON r.subject_key = c.subject_key`;

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
    inputs: [CUSTOMER_TRUSTED, ACCELEROMETER_TRUSTED, STEDI_LANDING.step_trainer],
    transform: { type: 'row-wise', sql: SQL },
    checks: [{ name: 'serial-number-shared', sql: SHARED }],
    reasons: [
      reason('dropped', 'no-readings', 'the person has no accelerometer reading that counts'),
      reason('dropped', 'shared-serial-number', 'the device is somebody else’s'),
    ],
  });
