/** machine_learning_curated: each step reading with the accelerometer readings of the same moment. */
import type { SetTransform, TableCheck, TableDeclaration } from '../tables';
import { column, declareTable, reason } from '../tables';
import { SUBJECT_COLUMN } from './landing-tables';
import {
  ACCELEROMETER_TRUSTED,
  MACHINE_LEARNING_CURATED,
  STEP_TRAINER_TRUSTED,
  stediLocation,
} from './locations';
import type { StediOptions } from './options';

/** The moment alone pairs people who happened to be read in the same millisecond. */
const sameMoment = ({ association }: StediOptions): string =>
  association === 'person'
    ? 'a.timestamp = s.sensorReadingTime AND a.subject_key = s.subject_key'
    : 'a.timestamp = s.sensorReadingTime';

const sql = (
  options: StediOptions,
): string => `SELECT s.subject_key, s.sensorReadingTime, s.distanceFromObject,
  a.subject_key AS accelerometer_subject_key, a.x, a.y, a.z
FROM ${STEP_TRAINER_TRUSTED} s
JOIN ${ACCELEROMETER_TRUSTED} a ON ${sameMoment(options)}`;

const balanceSql = (
  options: StediOptions,
): string => `SELECT b.reason, COUNT(*) AS driving_rows FROM (
  SELECT CASE WHEN EXISTS (
      SELECT 1 FROM ${ACCELEROMETER_TRUSTED} a WHERE ${sameMoment(options)}
    ) THEN NULL ELSE 'no-accelerometer-reading' END AS reason
  FROM ${STEP_TRAINER_TRUSTED} s
) b GROUP BY b.reason`;

const OTHER_PEOPLE = `SELECT COUNT(*) AS offending FROM ${MACHINE_LEARNING_CURATED} t
  WHERE t.accelerometer_subject_key <> t.subject_key`;

const checks = ({ association }: StediOptions): TableCheck[] =>
  association === 'person' ? [{ name: 'readings-of-different-people', sql: OTHER_PEOPLE }] : [];

export const machineLearningCurated = (
  dataset: string,
  options: StediOptions,
): TableDeclaration<SetTransform> =>
  declareTable({
    dataset,
    name: MACHINE_LEARNING_CURATED,
    zone: 'curated',
    location: stediLocation(dataset, MACHINE_LEARNING_CURATED),
    comment: 'Step readings with the accelerometer readings of the same moment; nobody is named',
    columns: [
      SUBJECT_COLUMN,
      column('sensorReadingTime', 'bigint', 'Moment of both readings, ms since 1970'),
      column('distanceFromObject', 'double', 'Distance of the object'),
      column(
        'accelerometer_subject_key',
        'string',
        'Whose accelerometer it was; the same person unless paired by the moment alone',
      ),
      column('x', 'double', 'Acceleration, g'),
      column('y', 'double', 'Acceleration, g'),
      column('z', 'double', 'Acceleration, g'),
    ],
    // A step reading meets several accelerometer readings of its moment: the join multiplies by design.
    key: [],
    partitions: [],
    orderBy: [],
    inputs: [STEP_TRAINER_TRUSTED, ACCELEROMETER_TRUSTED],
    transform: { type: 'set', sql: sql(options), balanceSql: balanceSql(options) },
    checks: checks(options),
    reasons: [
      reason('dropped', 'no-accelerometer-reading', 'the accelerometer has none of that moment'),
    ],
  });
