/** recordings_trusted of the format `arwise`: samples of the windows that can be learned from. */
import { isUnwantedSql, summedUpSql } from '../casas/activities';
import type { TrustedFacts } from '../casas/labelled-refresh';
import type { RowWiseTransform, TableDeclaration } from '../tables';
import { column, declareTable, reason } from '../tables';
import { TRUSTED_TABLE } from '../watch/trusted';
import { HOME, LABEL, MOTION, SAMPLES_OF_WINDOW, STEP_MS } from './fields';
import { ARWISE_LANDING } from './landing-table';

const VALUES = [...MOTION, ...HOME].map(({ name }) => `l.${name}`);
const FIRST_MS = `l.time_ms - (l.sample - 1) * ${STEP_MS}`;

/** Portable: qualified columns, and nothing that only one engine has. */
function trustedSql({ labelling, rules }: TrustedFacts): string {
  const label = `l.${LABEL.name}`;
  const summed = labelling.activities === 'summed-up';
  const unwanted = summed ? `WHEN ${isUnwantedSql(label, rules)} THEN 'activity-unwanted'` : '';
  return `SELECT l.recording, l.device, l.subject_key, l.time_ms AS timestamp_ms, l.stamp,
    ${VALUES.join(', ')},
    ${summed ? summedUpSql(label, rules) : label} AS label,
    l.source_file, l.source_line,
    CAST(NULL AS STRING) AS _quarantine, CAST(NULL AS STRING) AS _detail,
    CASE WHEN ${FIRST_MS} <= l.latest_ms THEN 'window-overlaps' ${unwanted} END AS _drop
  FROM ${ARWISE_LANDING} l`;
}

export const arwiseTrustedTable = (facts: TrustedFacts): TableDeclaration<RowWiseTransform> =>
  declareTable({
    dataset: facts.dataset,
    name: TRUSTED_TABLE,
    zone: 'trusted',
    comment: `Samples of windows of ${SAMPLES_OF_WINDOW}, with their activity`,
    columns: [
      column('recording', 'string', 'Id of the recording'),
      column('device', 'string', 'The watch, or the side of the split that came with its windows'),
      column('subject_key', 'string', 'Keyed pseudonym of the participant'),
      column('timestamp_ms', 'double', 'Moment on the local clock, ms'),
      column('stamp', 'string', 'End of the window on the local clock, as written'),
      ...[...MOTION, ...HOME].map(({ name, unit, required }) =>
        column(name, 'double', `Unit ${unit}`, { required }),
      ),
      column('label', 'string', 'Activity; null where nobody said', { required: false }),
      column('source_line', 'bigint', 'Line in the file of the recording'),
    ],
    key: [],
    partitions: [],
    orderBy: [],
    inputs: [ARWISE_LANDING],
    transform: { type: 'row-wise', sql: trustedSql(facts) },
    checks: [],
    reasons: [
      reason('dropped', 'window-overlaps', 'it begins before a window before it has ended'),
      reason(
        'dropped',
        'activity-unwanted',
        'its label tells of no activity; with `--activities summed-up`',
      ),
    ],
  });
