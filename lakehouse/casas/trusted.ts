/** recordings_trusted of the format `casas`: samples with motion, and beside it what was last known of the rest. */
import type { ColumnDeclaration, RowAsJson, RowWiseTransform, TableDeclaration } from '../tables';
import { column, declareTable, reason } from '../tables';
import { TRUSTED_TABLE } from '../watch/trusted';
import { isUnwantedSql, summedUpSql } from './activities';
import { BATTERY, LABEL, LOCATION } from './fields';
import { CASAS_LANDING } from './landing-table';
import type { TrustedFacts } from './labelled-refresh';

const LOCATION_NAMES = LOCATION.map(({ name }) => name);

/** A row out of its place tells of the moment at which it was read. */
const MOMENT = `GREATEST(t.time_ms, COALESCE(t.latest_ms, t.time_ms)) AS moment_ms`;

/** A reading begins on few rows: each row names the line of its own. */
const readings = (line: string, names: readonly string[]): string =>
  `SELECT t.recording, t.source_line, ${MOMENT}, ${names.map((name) => `t.${name}`).join(', ')}
    FROM ${CASAS_LANDING} t WHERE t.${line} = t.source_line`;

/** Of the prompts behind a row the next one is the nearest: as many came before it as before the row. */
const PROMPTS = `SELECT t.recording, t.prompts, ${MOMENT}, t.${LABEL.name} AS label
    FROM ${CASAS_LANDING} t WHERE t.${LABEL.name} IS NOT NULL`;

const ageSql = (momentMs: string): string =>
  `CASE WHEN ${momentMs} > l.time_ms THEN 0 ELSE (l.time_ms - ${momentMs}) / 1000 END`;

const noMotionSql = ({ channels }: TrustedFacts): string =>
  channels.map(({ name }) => `l.${name} IS NULL`).join(' AND ');

/** What a row of the landing table, `l`, lacks, and whether it stands in its place. */
function judgedSql(facts: TrustedFacts): string {
  const { channels } = facts;
  const motion = channels.map(({ name }) => `l.${name}`);
  const missing = motion.map((name, at) => `WHEN ${name} IS NULL THEN '${channels[at]?.name}'`);
  return `l.source_file, l.source_line,
    CASE WHEN ${noMotionSql(facts)} THEN 'motion-missing' END AS left_out,
    CASE ${missing.join(' ')} END AS missing,
    CASE WHEN l.time_ms < l.latest_ms - 60000 THEN 'stamp-astray'
      WHEN l.time_ms < l.latest_ms THEN 'stamp-backwards'
      WHEN l.time_ms = l.latest_ms THEN 'stamp-repeated' END AS misplaced`;
}

const FATES = `CASE WHEN j.left_out IS NOT NULL THEN NULL
    WHEN j.misplaced IS NOT NULL THEN j.misplaced
    WHEN j.missing IS NOT NULL THEN 'motion-incomplete' END AS _quarantine,
  CASE WHEN j.left_out IS NULL AND j.misplaced IS NULL THEN j.missing END AS _detail,
  j.left_out AS _drop`;

/** No row's fate follows from what is carried to it: nothing has to be joined, and few rows have to be judged. */
function fatesSql(facts: TrustedFacts, asJson: RowAsJson): string {
  const lacking = facts.channels.map(({ name }) => `l.${name} IS NULL`);
  return `SELECT j.source_file, j.source_line, j._raw,
  ${FATES}
FROM (SELECT ${judgedSql(facts)},
    CASE WHEN NOT (${noMotionSql(facts)}) THEN ${asJson('l')} END AS _raw
  FROM ${CASAS_LANDING} l
  WHERE l.time_ms <= l.latest_ms OR ${lacking.join(' OR ')}) j`;
}

/** Portable: qualified columns, and nothing that only one engine has. */
function trustedSql(facts: TrustedFacts): string {
  const { channels, labelling, rules } = facts;
  const label =
    labelling.activities === 'as-written'
      ? 'p.label'
      : `CASE WHEN NOT (${isUnwantedSql('p.label', rules)}) THEN ${summedUpSql('p.label', rules)} END`;
  // One row may stand far ahead of those around it: what is read or said then is not of the future.
  const spoken = `p.moment_ms - l.time_ms BETWEEN 0 AND ${labelling.spanMs}`;
  return `WITH readings AS (
    ${readings('location_line', LOCATION_NAMES)}
), charges AS (
    ${readings('battery_line', [BATTERY.name])}
), answers AS (
    ${PROMPTS}
), judged AS (
  SELECT l.recording, l.device, l.subject_key, l.time_ms AS timestamp_ms, l.stamp,
    ${channels.map(({ name }) => `l.${name}`).join(', ')},
    CASE WHEN ${spoken} THEN ${label} END AS label,
    CASE WHEN ${spoken} THEN (p.moment_ms - l.time_ms) / 1000 END AS answered_in_s,
    ${LOCATION_NAMES.map((name) => `r.${name}`).join(', ')},
    ${ageSql('r.moment_ms')} AS location_age_s,
    b.${BATTERY.name}, ${ageSql('b.moment_ms')} AS battery_age_s,
    ${judgedSql(facts)}
  FROM ${CASAS_LANDING} l
  LEFT JOIN readings r ON r.recording = l.recording AND r.source_line = l.location_line
  LEFT JOIN charges b ON b.recording = l.recording AND b.source_line = l.battery_line
  LEFT JOIN answers p ON p.recording = l.recording AND p.prompts = l.prompts
)
SELECT j.*,
  ${FATES}
FROM judged j`;
}

const AGES = `SELECT COUNT(*) AS offending FROM ${TRUSTED_TABLE} t
  WHERE t.location_age_s < 0 OR t.battery_age_s < 0 OR t.answered_in_s < 0`;

const optional = { required: false };

const columns = ({ channels }: TrustedFacts): ColumnDeclaration[] => [
  column('recording', 'string', 'Id of the recording'),
  column('device', 'string', 'The watch'),
  column('subject_key', 'string', 'Keyed pseudonym of the participant'),
  column('timestamp_ms', 'double', 'The stamp on a clock that is never put back, ms'),
  column('stamp', 'string', "Moment on the wearer's local clock, as written"),
  ...channels.map(({ name, unit }) => column(name, 'double', `Unit ${unit}`)),
  column('label', 'string', 'Activity; null where no answer speaks for the moment', optional),
  column('answered_in_s', 'double', 'How much later the person answered, s', optional),
  ...LOCATION.map(({ name, type, comment, unit }) =>
    column(
      name,
      type === 'number' ? 'double' : 'string',
      `Last reading: ${comment}${unit ? `; ${unit}` : ''}`,
      optional,
    ),
  ),
  column('location_age_s', 'double', 'Since the place was read, s', optional),
  column(BATTERY.name, 'string', `Last reading: ${BATTERY.comment}`, optional),
  column('battery_age_s', 'double', 'Since the battery state was read, s', optional),
  column('source_line', 'bigint', 'Line in the file of the recording'),
];

export const casasTrustedTable = (facts: TrustedFacts): TableDeclaration<RowWiseTransform> =>
  declareTable({
    dataset: facts.dataset,
    name: TRUSTED_TABLE,
    zone: 'trusted',
    comment: 'Samples with motion; place, battery and labels carried to the moments they speak for',
    columns: columns(facts),
    key: [],
    partitions: [],
    // As they landed: the order of each file, which is that of its time.
    orderBy: [],
    inputs: [CASAS_LANDING],
    transform: {
      type: 'row-wise',
      sql: trustedSql(facts),
      fatesSql: (asJson) => fatesSql(facts, asJson),
    },
    checks: [{ name: 'age-below-zero', sql: AGES }],
    reasons: [
      reason('dropped', 'motion-missing', 'the row has no motion at all'),
      reason('quarantined', 'motion-incomplete', 'an axis is missing'),
      reason('quarantined', 'stamp-backwards', 'up to a minute behind a row before it'),
      reason(
        'quarantined',
        'stamp-astray',
        'no clock that the rows before it were read off shows it',
      ),
      reason('quarantined', 'stamp-repeated', 'the same moment as a row before it'),
    ],
  });
