/** The landing table of the format `arwise`: the samples of every window, and how a line becomes them. */
import type { MemberOfSlice, RowFacts } from '../bulk/bulk-kind';
import { msColumn } from '../bulk/fields';
import { bulkLandingTable } from '../bulk/landing-table';
import { literal, quoted, sqlType } from '../engines/duckdb-session';
import { SAMPLES_LANDING } from '../landing/descriptor';
import type { LandingTableFacts } from '../landing/landing-kind';
import type { ColumnDeclaration } from '../tables';
import { column } from '../tables';
import { LABEL, SAMPLES_OF_WINDOW, SAMPLE_FIELDS, STAMP, STEP_MS } from './fields';

export const ARWISE_LANDING = SAMPLES_LANDING.arwise;

const optional = { required: false };

const COLUMNS: readonly ColumnDeclaration[] = [
  column('recording', 'string', 'Id of the recording: one for each file'),
  column('device', 'string', 'The watch, or the side of the split that came with its windows'),
  column('subject', 'string', 'The participant, as the file is named', { personal: true }),
  column('subject_key', 'string', 'Keyed pseudonym of the participant'),
  column('stamp', 'string', 'End of the window on the local clock, as written'),
  column('sample', 'integer', 'Which sample of the window'),
  column('time_ms', 'double', 'Moment of the sample on the local clock, ms'),
  column('latest_ms', 'double', 'Last moment of the windows before', optional),
  ...SAMPLE_FIELDS.map(({ name, unit, comment, required }) =>
    column(name, 'double', `${comment}; ${unit}`, { required }),
  ),
  column(LABEL.name, 'string', 'Activity; null where nobody said', optional),
  column('source_file', 'string', 'File in the archive', { personal: true }),
  column('source_line', 'bigint', 'Line in that file'),
];

export const declareArwiseLanding = (facts: LandingTableFacts) =>
  bulkLandingTable(facts, {
    name: ARWISE_LANDING,
    comment: 'Samples of windows as received, in their types',
    columns: COLUMNS,
  });

/** What has ended in slices before; their rows need not lie before those of this one. */
function latestBefore(before: RowFacts | null): string {
  if (before === null) return 'NULL';
  const moments = [before.time_ms, before.latest_ms].filter((ms) => ms !== null).map(Number);
  return literal(String(Math.max(...moments)));
}

/** The stamp is that of the last sample; the others lie before it, a tenth of a second apart. */
export function windowRowsSql(good: string, { entry, subjectKey, before }: MemberOfSlice): string {
  const given: Record<string, string> = {
    recording: literal(entry.recording),
    device: literal(entry.device),
    subject: literal(entry.subject),
    subject_key: literal(subjectKey),
    source_file: literal(entry.file),
    time_ms: `w._end_ms - (${SAMPLES_OF_WINDOW} - w.sample) * ${STEP_MS}`,
    latest_ms: `greatest(w._before_ms, CAST(${latestBefore(before)} AS DOUBLE))`,
    ...Object.fromEntries(
      SAMPLE_FIELDS.map((field) => [field.name, `w.${quoted(field.name)}[w.sample]`]),
    ),
  };
  const columns = COLUMNS.map((each) => {
    const expression = given[each.name] ?? `w.${quoted(each.name)}`;
    return `CAST(${expression} AS ${sqlType(each)}) AS ${quoted(each.name)}`;
  });
  return `SELECT ${columns.join(', ')} FROM (
    SELECT o.*, lag(o._end_ms) OVER () AS _before_ms, unnest(range(1, ${SAMPLES_OF_WINDOW + 1})) AS sample
    FROM (
      SELECT g.*, g.${quoted(msColumn(STAMP))} AS _end_ms FROM (${good}) g ORDER BY _end_ms, g.source_line
    ) o
  ) w`;
}
