/** step_trainer_trusted: step readings of the curated customers' devices. */
import type { RowWiseTransform, TableCheck, TableDeclaration } from '../tables';
import { column, declareTable, reason } from '../tables';
import { normalSql } from './fields';
import { SUBJECT_COLUMN } from './landing-tables';
import { CUSTOMER_CURATED, STEDI_LANDING, STEP_TRAINER_TRUSTED, stediLocation } from './locations';
import type { StediOptions } from './options';

// The device sees objects in front of it; its readings lie between 200 and 300.
const FARTHEST = 10_000;

/**
 * The device that each serial number in the readings means. It is brought to its usual spelling once
 * for each way to write it; by `device` readings are grouped in a third of the room that keys take.
 */
const KNOWN_DEVICES = `SELECT w.written, c.serialNumber, c.subject_key, c.shareWithResearchAsOfDate,
  DENSE_RANK() OVER (ORDER BY c.serialNumber) AS device
FROM (SELECT DISTINCT s.serialNumber AS written FROM ${STEDI_LANDING.step_trainer} s) w
JOIN ${CUSTOMER_CURATED} c ON c.serialNumber = ${normalSql('w.written')}`;

const READING = ['sensorReadingTime', 'serialNumber', 'distanceFromObject'];
const ROW = [...READING, 'source_file', 'source_line'].map((name) => `s.${name}`).join(', ');

/**
 * A device has one distance at one moment: what says the same again was sent again. Only what
 * occurs several times is numbered, because that is little and everything is much.
 */
const REPEATED_READINGS = `WITH repeated AS (
  SELECT d.device, s.sensorReadingTime, s.distanceFromObject
  FROM ${STEDI_LANDING.step_trainer} s
  JOIN known_devices d ON d.written = s.serialNumber
  GROUP BY d.device, s.sensorReadingTime, s.distanceFromObject
  HAVING COUNT(*) > 1
)
SELECT ${ROW}, d.device, ROW_NUMBER() OVER (
    PARTITION BY r.device, r.sensorReadingTime, r.distanceFromObject
    ORDER BY s.source_file, s.source_line, s.serialNumber) AS place
FROM ${STEDI_LANDING.step_trainer} s
JOIN known_devices d ON d.written = s.serialNumber
JOIN repeated r ON r.device = d.device
  AND r.sensorReadingTime = s.sensorReadingTime AND r.distanceFromObject = s.distanceFromObject`;

/** Every row once, whatever its origin says: what earlier versions have landed may name one line twice. */
const PLACED = `placed AS (
  SELECT ${ROW}, 1 AS place
  FROM ${STEDI_LANDING.step_trainer} s
  LEFT JOIN (SELECT d.written, f.sensorReadingTime, f.distanceFromObject
    FROM repeated_readings f JOIN known_devices d ON d.device = f.device WHERE f.place = 1) g
    ON g.written = s.serialNumber
    AND g.sensorReadingTime = s.sensorReadingTime AND g.distanceFromObject = s.distanceFromObject
  WHERE g.written IS NULL
  UNION ALL
  SELECT ${ROW}, s.place FROM repeated_readings s
)`;

const sql = ({ consent }: StediOptions): string => `WITH ${PLACED}, judged AS (
  SELECT s.sensorReadingTime, c.serialNumber, s.distanceFromObject, s.source_file, s.source_line,
    s.serialNumber AS written, c.subject_key,
    CASE
      WHEN c.subject_key IS NULL THEN 'no-curated-customer'${
        consent === 'from-date'
          ? `
      WHEN s.sensorReadingTime < c.shareWithResearchAsOfDate THEN 'before-consent'`
          : ''
      }
      WHEN s.place > 1 THEN 'same-reading-again'
    END AS left_out
  FROM placed s
  LEFT JOIN known_devices c ON c.written = s.serialNumber
), ranged AS (
  SELECT j.*, CASE WHEN j.left_out IS NULL
    AND (j.distanceFromObject < 0 OR j.distanceFromObject > ${FARTHEST}) THEN 1 ELSE 0 END AS is_beyond
  FROM judged j
)
SELECT r.sensorReadingTime, r.serialNumber, r.distanceFromObject,
  r.subject_key, r.source_file, r.source_line,
  CASE WHEN r.is_beyond = 1 THEN 'out-of-range' END AS _quarantine,
  CASE WHEN r.is_beyond = 1 THEN 'distanceFromObject' END AS _detail,
  r.left_out AS _drop,
  CASE WHEN r.written <> r.serialNumber THEN 'serial-number-respelled' END AS _note
FROM ranged r`;

const STRANGERS = `SELECT COUNT(*) AS offending FROM (
  SELECT DISTINCT t.serialNumber, t.subject_key FROM ${STEP_TRAINER_TRUSTED} t
) s LEFT JOIN ${CUSTOMER_CURATED} c
  ON c.serialNumber = s.serialNumber AND c.subject_key = s.subject_key
WHERE c.subject_key IS NULL`;

const TOO_EARLY = `SELECT COUNT(*) AS offending FROM (
  SELECT t.subject_key, MIN(t.sensorReadingTime) AS first_ms FROM ${STEP_TRAINER_TRUSTED} t
  GROUP BY t.subject_key
) f JOIN ${CUSTOMER_CURATED} c ON c.subject_key = f.subject_key
WHERE f.first_ms < c.shareWithResearchAsOfDate`;

const checks = ({ consent }: StediOptions): TableCheck[] => [
  { name: 'device-not-in-customer-curated', sql: STRANGERS },
  ...(consent === 'from-date' ? [{ name: 'reading-before-consent', sql: TOO_EARLY }] : []),
];

export const stepTrainerTrusted = (
  dataset: string,
  options: StediOptions,
): TableDeclaration<RowWiseTransform> =>
  declareTable({
    dataset,
    name: STEP_TRAINER_TRUSTED,
    zone: 'trusted',
    location: stediLocation(dataset, STEP_TRAINER_TRUSTED),
    comment: "Step readings of the curated customers' devices",
    columns: [
      column('sensorReadingTime', 'bigint', 'Moment of the reading, ms since 1970'),
      column('serialNumber', 'string', 'Serial number of the device, in one spelling'),
      column('distanceFromObject', 'double', 'Distance of the object'),
      SUBJECT_COLUMN,
    ],
    key: ['serialNumber', 'sensorReadingTime', 'distanceFromObject'],
    partitions: [],
    orderBy: [],
    inputs: [STEDI_LANDING.step_trainer, CUSTOMER_CURATED],
    transform: {
      type: 'row-wise',
      prepared: { known_devices: KNOWN_DEVICES, repeated_readings: REPEATED_READINGS },
      sql: sql(options),
      notes: true,
    },
    checks: checks(options),
    reasons: [
      reason('dropped', 'no-curated-customer', 'the device is of nobody in customer_curated'),
      reason('dropped', 'before-consent', 'read before the consent; with `--consent from-date`'),
      reason('dropped', 'same-reading-again', 'the device has sent this very reading before'),
      reason('quarantined', 'out-of-range', `below 0 or above ${FARTHEST}`),
      reason('mended', 'serial-number-respelled', 'it was in upper case or had blanks around it'),
    ],
  });
