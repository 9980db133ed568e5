/** recordings_trusted: samples with types, without missing, impossible or misplaced values. */
import { LARGEST_VALUE, LATEST_MS } from '../../models/signal';
import { withoutBlanksSql, withoutSpacesSql } from '../blanks';
import { LANDING_TABLE } from '../landing/descriptor';
import type { Channel } from '../landing/recordings-layout';
import type { RowWiseTransform, TableDeclaration } from '../tables';
import { column, declareTable } from '../tables';

export const TRUSTED_TABLE = 'recordings_trusted';

// Nothing finite is far above it; NaN is above it in both dialects.
const INFINITE = '1.7e308';

/** DuckDB's cast reads 1_000 as a number, Java's 1d, 1f and 0x1p3: what only one engine reads is none. */
const READ_BY_ONE = [...'_dDfFxX'];

/** Looked for one by one: a third of the time that DuckDB takes for TRANSLATE. */
function numberSql(text: string): string {
  const without = READ_BY_ONE.map((each) => `POSITION('${each}' IN ${text}) = 0`);
  return `CASE WHEN ${without.join(' AND ')} THEN TRY_CAST(${text} AS DOUBLE) END`;
}

const numbered = (channels: readonly Channel[]) =>
  channels.map((channel, index) => ({
    ...channel,
    value: `value_${index}`,
    text: `text_${index}`,
  }));

type Numbered = ReturnType<typeof numbered>[number];

/** The first channel that offends, or null. */
function firstChannel(channels: readonly Numbered[], offends: (c: Numbered) => string): string {
  const cases = channels.map((channel) => `WHEN ${offends(channel)} THEN '${channel.name}'`);
  return `CASE ${cases.join(' ')} END`;
}

function rangeCondition({ value, minimum, maximum }: Numbered): string {
  const limits = [
    ...(minimum === null ? [] : [`p.${value} < ${minimum}`]),
    ...(maximum === null ? [] : [`p.${value} > ${maximum}`]),
    `ABS(p.${value}) > ${LARGEST_VALUE}`,
  ];
  return limits.join(' OR ');
}

/** Portable: qualified columns, TRY_CAST, STRING, and nothing that only one engine has. */
function trustedSql(channels: readonly Channel[]): string {
  const all = numbered(channels);
  const each = (text: (c: Numbered) => string): string => all.map(text).join(',\n    ');
  return `WITH parsed AS (
  SELECT l.recording, l.device, l.subject_key, l.source_file, l.source_line,
    NULLIF(${withoutBlanksSql('l.label')}, '') AS label,
    NULLIF(${withoutSpacesSql('l.timestamp_ms')}, '') AS time_text,
    ${numberSql('l.timestamp_ms')} AS time_ms,
    ${each((c) => `NULLIF(${withoutSpacesSql(`l.${c.name}`)}, '') AS ${c.text}`)},
    ${each((c) => `${numberSql(`l.${c.name}`)} AS ${c.value}`)}
  FROM ${LANDING_TABLE} l
), timed AS (
  SELECT p.*,
    CASE WHEN ABS(p.time_ms) <= ${LATEST_MS} THEN p.time_ms END AS valid_ms,
    ${firstChannel(all, (c) => `p.${c.text} IS NULL`)} AS missing_channel,
    ${firstChannel(all, (c) => `p.${c.value} IS NULL OR ABS(p.${c.value}) > ${INFINITE}`)} AS text_channel,
    ${firstChannel(all, rangeCondition)} AS range_channel,
    CASE WHEN ${all.map((c) => `p.${c.text} IS NULL`).join(' AND ')} THEN 1 ELSE 0 END AS is_empty
  FROM parsed p
), ordered AS (
  SELECT t.*,
    MAX(t.valid_ms) OVER (PARTITION BY t.recording ORDER BY t.source_line
      ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS latest_ms
  FROM timed t
), judged AS (
  SELECT o.*,
    CASE
      WHEN o.is_empty = 1 THEN NULL
      WHEN o.time_text IS NULL THEN 'timestamp-missing'
      WHEN o.valid_ms IS NULL THEN 'timestamp-not-a-number'
      WHEN o.valid_ms < o.latest_ms THEN 'timestamp-backwards'
      WHEN o.valid_ms = o.latest_ms THEN 'timestamp-repeated'
      WHEN o.missing_channel IS NOT NULL THEN 'channel-missing'
      WHEN o.text_channel IS NOT NULL THEN 'channel-not-a-number'
      WHEN o.range_channel IS NOT NULL THEN 'out-of-range'
    END AS reason
  FROM ordered o
)
SELECT j.recording, j.device, j.subject_key, j.valid_ms AS timestamp_ms,
    ${each((c) => `j.${c.value} AS ${c.name}`)},
    j.label, j.source_file, j.source_line,
    j.reason AS _quarantine,
    CASE j.reason
      WHEN 'channel-missing' THEN j.missing_channel
      WHEN 'channel-not-a-number' THEN j.text_channel
      WHEN 'out-of-range' THEN j.range_channel
    END AS _detail,
    CASE WHEN j.is_empty = 1 THEN 'all-channels-empty' END AS _drop
FROM judged j`;
}

/** Recordings of one device lie one after another on its clock: two at the same time are two devices. */
const OVERLAPS = `SELECT COUNT(*) AS offending FROM (
  SELECT b.first_ms,
    MAX(b.last_ms) OVER (PARTITION BY b.device ORDER BY b.first_ms, b.recording
      ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before_ms
  FROM (
    SELECT t.device, t.recording, MIN(t.timestamp_ms) AS first_ms, MAX(t.timestamp_ms) AS last_ms
    FROM ${TRUSTED_TABLE} t GROUP BY t.device, t.recording
  ) b
) o WHERE o.first_ms <= o.before_ms`;

export function trustedTable(facts: {
  dataset: string;
  channels: readonly Channel[];
}): TableDeclaration<RowWiseTransform> {
  return declareTable({
    dataset: facts.dataset,
    name: TRUSTED_TABLE,
    zone: 'trusted',
    comment: 'Samples with types; within a recording the time strictly increases',
    columns: [
      column('recording', 'string', 'Id of the recording'),
      column('device', 'string', 'Device that recorded it'),
      column('subject_key', 'string', 'Keyed pseudonym of the person'),
      column('timestamp_ms', 'double', 'Milliseconds on the clock of the device'),
      ...facts.channels.map(({ name, unit }) => column(name, 'double', `Unit ${unit}`)),
      column('label', 'string', 'Activity; null where nobody said', { required: false }),
      column('source_file', 'string', 'File in the archive'),
      column('source_line', 'bigint', 'Line in that file'),
    ],
    key: [],
    partitions: [],
    orderBy: ['device', 'timestamp_ms'],
    inputs: [LANDING_TABLE],
    transform: { type: 'row-wise', sql: trustedSql(facts.channels) },
    checks: [{ name: 'recordings-of-a-device-overlap-in-time', sql: OVERLAPS }],
  });
}
