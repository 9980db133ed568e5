/** accelerometer_trusted: readings of consenting people, without anything else about them. */
import type { RowWiseTransform, TableCheck, TableDeclaration } from '../tables';
import { column, declareTable, reason } from '../tables';
import { isMalformedSql } from './customer-trusted';
import { normalSql } from './fields';
import { SUBJECT_COLUMN } from './landing-tables';
import { ACCELEROMETER_TRUSTED, CUSTOMER_TRUSTED, STEDI_LANDING, stediLocation } from './locations';
import type { StediOptions } from './options';

const CUSTOMERS = STEDI_LANDING.customer;
// No hand moves harder; the readings of the app lie between -1 and 1.
const LARGEST_G = 16;
const AXES = ['x', 'y', 'z'];

const beyond = AXES.map((axis) => `WHEN ABS(j.${axis}) > ${LARGEST_G} THEN '${axis}'`).join(' ');

/**
 * Whose each e-mail is that readings are written with. It is brought to its usual spelling once for
 * each way to write it: for each of the readings that takes longer than all the rest.
 */
const WRITERS = `SELECT w.written, k.email, k.spelling,
  t.subject_key, t.shareWithResearchAsOfDate AS consented_ms,
  CASE WHEN t.subject_key IS NOT NULL THEN NULL
    WHEN ${isMalformedSql('k.email')} THEN 'person-quarantined'
    ELSE 'no-consent' END AS objection
FROM (SELECT DISTINCT a.user AS written FROM ${STEDI_LANDING.accelerometer} a) w
JOIN (
  SELECT ${normalSql('l.email')} AS email, MIN(l.email) AS spelling
  FROM ${CUSTOMERS} l GROUP BY ${normalSql('l.email')}
) k ON k.email = ${normalSql('w.written')}
LEFT JOIN ${CUSTOMER_TRUSTED} t ON t.email = k.email`;

const sql = ({ consent }: StediOptions): string => `WITH judged AS (
  SELECT a.user, a.timestamp, a.x, a.y, a.z, a.source_file, a.source_line,
    p.email, p.spelling, p.subject_key,
    CASE
      WHEN p.email IS NULL THEN 'unknown-person'
      WHEN p.objection IS NOT NULL THEN p.objection${
        consent === 'from-date'
          ? `
      WHEN a.timestamp < p.consented_ms THEN 'before-consent'`
          : ''
      }
    END AS left_out
  FROM ${STEDI_LANDING.accelerometer} a
  LEFT JOIN writers p ON p.written = a.user
), ranged AS (
  SELECT j.*, CASE WHEN j.left_out IS NULL THEN CASE ${beyond} END END AS axis
  FROM judged j
)
SELECT r.email AS user, r.subject_key, r.timestamp, r.x, r.y, r.z, r.source_file, r.source_line,
  CASE WHEN r.axis IS NOT NULL THEN 'out-of-range' END AS _quarantine,
  r.axis AS _detail,
  r.left_out AS _drop,
  CASE WHEN r.user <> r.spelling THEN 'email-respelled' END AS _note
FROM ranged r`;

const STRANGERS = `SELECT COUNT(*) AS offending FROM (
  SELECT DISTINCT t.subject_key FROM ${ACCELEROMETER_TRUSTED} t
) s LEFT JOIN ${CUSTOMER_TRUSTED} c ON c.subject_key = s.subject_key WHERE c.subject_key IS NULL`;

/** From each person's first reading: another way than the SELECT's own. */
const TOO_EARLY = `SELECT COUNT(*) AS offending FROM (
  SELECT t.subject_key, MIN(t.timestamp) AS first_ms FROM ${ACCELEROMETER_TRUSTED} t GROUP BY t.subject_key
) f JOIN ${CUSTOMER_TRUSTED} c ON c.subject_key = f.subject_key
WHERE f.first_ms < c.shareWithResearchAsOfDate`;

const checks = ({ consent }: StediOptions): TableCheck[] => [
  { name: 'person-not-in-customer-trusted', sql: STRANGERS },
  ...(consent === 'from-date' ? [{ name: 'reading-before-consent', sql: TOO_EARLY }] : []),
];

export const accelerometerTrusted = (
  dataset: string,
  options: StediOptions,
): TableDeclaration<RowWiseTransform> =>
  declareTable({
    dataset,
    name: ACCELEROMETER_TRUSTED,
    zone: 'trusted',
    location: stediLocation(dataset, ACCELEROMETER_TRUSTED),
    comment: 'Accelerometer readings of people who share their data with research',
    columns: [
      column('user', 'string', 'E-mail of the person, in one spelling', { personal: true }),
      SUBJECT_COLUMN,
      column('timestamp', 'bigint', 'Moment of the reading, ms since 1970'),
      ...AXES.map((axis) => column(axis, 'double', 'Acceleration, g')),
    ],
    // Several readings of one person at one moment are usual: nothing names a row.
    key: [],
    partitions: [],
    orderBy: [],
    inputs: [STEDI_LANDING.accelerometer, CUSTOMERS, CUSTOMER_TRUSTED],
    transform: { type: 'row-wise', prepared: { writers: WRITERS }, sql: sql(options), notes: true },
    checks: checks(options),
    reasons: [
      reason('dropped', 'unknown-person', 'no customer has this e-mail'),
      reason(
        'dropped',
        'person-quarantined',
        'the e-mail has no name or no host: the customer is in quarantine, unless they share nothing',
      ),
      reason(
        'dropped',
        'no-consent',
        'the person does not share their data with research, or it is unclear whether they still do',
      ),
      reason('dropped', 'before-consent', 'read before the consent; with `--consent from-date`'),
      reason('quarantined', 'out-of-range', `more than ${LARGEST_G} g`),
      reason('mended', 'email-respelled', 'the customer spells the e-mail in another way'),
    ],
  });
