/** Whose each step trainer is: of the people who claim one serial number, consenting or not. */
import { normalSql } from './fields';
import { STEDI_LANDING } from './locations';

const { customer, accelerometer, step_trainer: stepTrainer } = STEDI_LANDING;

export const DEVICE_OWNERS = 'device_owners';

/**
 * Common table expressions that end with `device_owners` (subject_key, serialNumber): the device is
 * theirs at whose readings' moments it was read most often, because the app and the trainer are used
 * together; then it is theirs who registered first. Nobody's consent is asked: a device must
 * not pass to somebody who consents because the person who uses it does not.
 */
export const DEVICE_OWNERS_SQL = `claims AS (
  SELECT ${normalSql('l.email')} AS email, ${normalSql('l.serialNumber')} AS serialNumber,
    l.subject_key, MIN(l.registrationDate) AS registrationDate
  FROM ${customer} l
  GROUP BY ${normalSql('l.email')}, ${normalSql('l.serialNumber')}, l.subject_key
), disputed AS (
  SELECT c.email, c.serialNumber, c.subject_key FROM claims c
  JOIN (SELECT k.serialNumber FROM claims k GROUP BY k.serialNumber HAVING COUNT(*) > 1) m
    ON m.serialNumber = c.serialNumber
), steps AS (
  SELECT d.email, d.serialNumber, d.subject_key, s.sensorReadingTime
  FROM ${stepTrainer} s
  JOIN disputed d ON d.serialNumber = ${normalSql('s.serialNumber')}
), moments AS (
  SELECT s.serialNumber, s.subject_key, COUNT(DISTINCT s.sensorReadingTime) AS moments
  FROM steps s
  JOIN ${accelerometer} a
    ON a.timestamp = s.sensorReadingTime AND ${normalSql('a.user')} = s.email
  GROUP BY s.serialNumber, s.subject_key
), ranked AS (
  SELECT c.subject_key, c.serialNumber, ROW_NUMBER() OVER (PARTITION BY c.serialNumber
    ORDER BY COALESCE(m.moments, 0) DESC, c.registrationDate, c.subject_key) AS place
  FROM claims c
  LEFT JOIN moments m ON m.serialNumber = c.serialNumber AND m.subject_key = c.subject_key
), ${DEVICE_OWNERS} AS (
  SELECT k.subject_key, k.serialNumber FROM ranked k WHERE k.place = 1
)`;
