/** windows: where the complete windows of each recording lie, and what was done in them. */
import type { WindowSpec } from '../../models/signal';
import type { SetTransform, TableDeclaration } from '../tables';
import { column, declareTable } from '../tables';
import { TRUSTED_TABLE } from './trusted';

export const WINDOWS_TABLE = 'windows';

/** Of windows that anything may be learned from. Of two labels with half of the samples each, the alphabet alone would choose. */
export const CLEAR_LABEL = 'label IS NOT NULL AND label_share > 0.5';

export interface WindowRules {
  readonly dataset: string;
  readonly window: WindowSpec;
  readonly maxGapMs: number;
}

/** Stretches without a gap, numbered within their recording. */
const spansSql = (maxGapMs: number): string => `gaps AS (
  SELECT t.recording, t.device, t.subject_key, t.timestamp_ms, t.label,
    LAG(t.timestamp_ms) OVER (PARTITION BY t.recording ORDER BY t.timestamp_ms) AS previous_ms
  FROM ${TRUSTED_TABLE} t
), spans AS (
  SELECT g.recording, g.device, g.subject_key, g.timestamp_ms, g.label,
    SUM(CASE WHEN g.timestamp_ms - g.previous_ms > ${maxGapMs} THEN 1 ELSE 0 END)
      OVER (PARTITION BY g.recording ORDER BY g.timestamp_ms
        ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS span
  FROM gaps g
)`;

/** Each sample once for each window of the grid that holds it, complete or not. */
function coveringSql({ lengthMs, stepMs }: WindowSpec): string {
  const overlapping = Math.ceil(lengthMs / stepMs);
  const places = Array.from({ length: overlapping }, (_, back) => `SELECT ${back} AS back`);
  return `places AS (
  ${places.join(' UNION ALL ')}
), covering AS (
  SELECT s.recording, s.device, s.subject_key, s.timestamp_ms, s.label, s.span,
    (CAST(FLOOR(s.timestamp_ms / ${stepMs}) AS BIGINT) - b.back) * ${stepMs} AS start_ms
  FROM spans s CROSS JOIN places b
), held AS (
  SELECT c.* FROM covering c WHERE c.timestamp_ms < c.start_ms + ${lengthMs}
)`;
}

/** The same rule as `isComplete` of models/windows.ts; a test holds the two equal. */
export function windowsSql({ dataset, window, maxGapMs }: WindowRules): string {
  const { lengthMs, stepMs } = window;
  const text = (expression: string): string => `CAST(${expression} AS STRING)`;
  const id = [`'${dataset}'`, 'w.device', text('w.start_ms'), `'${lengthMs}'`, `'${stepMs}'`];
  return `WITH ${spansSql(maxGapMs)}, ${coveringSql(window)}, complete AS (
  SELECT h.recording, h.device, h.subject_key, h.start_ms, COUNT(*) AS samples
  FROM held h
  GROUP BY h.recording, h.device, h.subject_key, h.start_ms
  HAVING MIN(h.timestamp_ms) <= h.start_ms + ${maxGapMs}
    AND MAX(h.timestamp_ms) >= h.start_ms + ${lengthMs - maxGapMs}
    AND MIN(h.span) = MAX(h.span)
), counted AS (
  SELECT h.recording, h.start_ms, h.label, COUNT(*) AS samples
  FROM held h GROUP BY h.recording, h.start_ms, h.label
), ranked AS (
  SELECT n.recording, n.start_ms, n.label, n.samples,
    ROW_NUMBER() OVER (PARTITION BY n.recording, n.start_ms
      ORDER BY n.samples DESC, COALESCE(n.label, '')) AS place
  FROM counted n
)
SELECT MD5(CONCAT_WS('|', ${id.join(', ')})) AS window_id,
  '${dataset}' AS dataset, w.device, w.subject_key, w.recording,
  w.start_ms, w.start_ms + ${lengthMs} AS end_ms,
  r.label, CAST(r.samples AS DOUBLE) / w.samples AS label_share, w.samples
FROM complete w
JOIN ranked r ON r.recording = w.recording AND r.start_ms = w.start_ms AND r.place = 1`;
}

/** Every sample is in a window, beside a gap or an end, or in a stretch too short for any window. */
export function windowsBalanceSql({ window, maxGapMs }: WindowRules): string {
  return `WITH ${spansSql(maxGapMs)}, ${coveringSql(window)}, samples AS (
  SELECT c.recording, c.span, c.timestamp_ms,
    MAX(CASE WHEN w.window_id IS NULL THEN 0 ELSE 1 END) AS used
  FROM covering c
  LEFT JOIN ${WINDOWS_TABLE} w ON w.recording = c.recording AND w.start_ms = c.start_ms
    AND c.timestamp_ms < w.end_ms
  GROUP BY c.recording, c.span, c.timestamp_ms
), stretches AS (
  SELECT s.used, MAX(s.used) OVER (PARTITION BY s.recording, s.span) AS span_used FROM samples s
), reasons AS (
  SELECT CASE
      WHEN s.used = 1 THEN NULL
      WHEN s.span_used = 1 THEN 'beside-a-gap'
      ELSE 'span-too-short'
    END AS reason
  FROM stretches s
)
SELECT r.reason, COUNT(*) AS driving_rows FROM reasons r GROUP BY r.reason`;
}

const SHARE_OUT_OF_RANGE = `SELECT COUNT(*) AS offending FROM ${WINDOWS_TABLE} w
  WHERE w.label_share <= 0 OR w.label_share > 1 OR w.samples < 1`;

export function windowsTable(rules: WindowRules): TableDeclaration<SetTransform> {
  return declareTable({
    dataset: rules.dataset,
    name: WINDOWS_TABLE,
    zone: 'curated',
    comment: `Complete windows of ${rules.window.lengthMs} ms every ${rules.window.stepMs} ms`,
    columns: [
      column('window_id', 'string', 'MD5 of dataset, device, start, length and step'),
      column('dataset', 'string', 'Dataset'),
      column('device', 'string', 'Device'),
      column('subject_key', 'string', 'Keyed pseudonym of the person'),
      column('recording', 'string', 'Recording that the window lies in'),
      column('start_ms', 'bigint', 'First moment, on the clock of the device'),
      column('end_ms', 'bigint', 'First moment after the window'),
      column('label', 'string', 'Most frequent label; null when most samples have none', {
        required: false,
      }),
      column('label_share', 'double', 'Share of the samples with that label'),
      column('samples', 'bigint', 'Number of samples'),
    ],
    key: ['window_id'],
    partitions: [],
    orderBy: ['device', 'start_ms'],
    inputs: [TRUSTED_TABLE],
    transform: {
      type: 'set',
      sql: windowsSql(rules),
      balanceSql: windowsBalanceSql(rules),
    },
    checks: [{ name: 'label-share-out-of-range', sql: SHARE_OUT_OF_RANGE }],
  });
}
