/** SQL that tells each row of a CASAS file, in the order of its lines, what the lines before it say. */
import type { MemberOfSlice, RowFacts } from '../bulk/bulk-kind';
import { momentMsSql, msColumn } from '../bulk/fields';
import { literal, quoted, sqlType } from '../engines/duckdb-session';
import type { ColumnDeclaration } from '../tables';
import { BATTERY, LABEL, LOCATION, STAMP } from './fields';
import { casasLandingColumns } from './landing-table';

const LOCAL_MS = quoted(msColumn(STAMP));

const HOUR_MS = 3_600_000;
/** A step back of up to this much is a row out of its place, not a clock that was put back. */
const JITTER_MS = 60_000;
/** No journey and no autumn puts a clock back by more. */
const MOST_BACK_MS = 26 * HOUR_MS;

// Rows come in the order of their lines, on one thread: these windows stream and sort nothing.
const SO_FAR = 'OVER (ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)';
/** Of values that few rows have: told which rows to pass over, DuckDB takes a tenth of the time. */
const ofFew = (aggregate: 'max' | 'sum', column: string): string =>
  `${aggregate}(${column}) FILTER (WHERE ${column} IS NOT NULL) ${SO_FAR}`;
const before = (expression: string): string => `lag(${expression}) OVER ()`;

const GIVEN = ['recording', 'device', 'subject', 'subject_key', 'source_file'];

function cell(row: RowFacts, { name, ...of }: ColumnDeclaration): string {
  const value = row[name] ?? null;
  const text = value === null ? 'NULL' : literal(String(value));
  return `CAST(${text} AS ${sqlType({ name, ...of })}) AS ${quoted(name)}`;
}

/** A row astray lands this far behind the latest of the rows before it. */
const ASTRAY_MS = 2 * JITTER_MS;
/** Landed rows whose stamps say how the clock went: all but those astray. */
export const HOLDS_SQL = `(time_ms = latest_ms - ${ASTRAY_MS}) IS NOT TRUE`;

/** Columns that the file itself does not have, as they stand on the last row before. */
const CARRIED = ['shift_ms', 'latest_ms', 'location_line', 'battery_line', 'prompts'];
const PLACED = ['time_ms', ...CARRIED];
const carried = (name: string): string => `_${name}`;

const numberSql = (value: string | number | null | undefined): string =>
  `CAST(${value === null || value === undefined ? 'NULL' : literal(String(value))} AS DOUBLE)`;

/** What stands on the last row before, and what the clock was by the last one that holds. */
function stateSql(before: RowFacts, held: RowFacts | null): Record<string, string> {
  const isAstray = held?.source_line !== before.source_line;
  const [time, latest] = [numberSql(held?.time_ms), numberSql(held?.latest_ms)];
  return {
    ...Object.fromEntries(CARRIED.map((name) => [name, numberSql(before[name])])),
    shift_ms: held ? `${time} - ${momentMsSql(literal(String(held[STAMP.name])))}` : numberSql(0),
    ...(isAstray ? { latest_ms: `greatest(${time}, ${latest})` } : {}),
    was_astray: String(isAstray),
  };
}

/** The good rows, and before them the last row of the slice before: its values go on from there. */
function continued(good: string, { before: last, held, nextMs }: MemberOfSlice): string {
  const columns = casasLandingColumns.filter(({ name }) => !GIVEN.includes(name));
  const own = columns.filter(({ name }) => !PLACED.includes(name));
  const none = CARRIED.map((name) => `CAST(NULL AS DOUBLE) AS ${carried(name)}`);
  const names = own.map(({ name }) => `g.${quoted(name)}`);
  // Below the union: over a row of constants DuckDB 1.5 gives wrong rows for `lead`.
  const lead = `lead(g.${LOCAL_MS}) OVER ()`;
  // The last row has the first one of the next slice behind it.
  const next = `${nextMs === null ? lead : `coalesce(${lead}, ${nextMs})`} AS _next_ms`;
  const rows = `SELECT ${names.join(', ')}, ${none.join(', ')}, false AS _was_astray, g.${LOCAL_MS} AS _local_ms, ${next}, false AS _is_before FROM (${good}) g`;
  if (last === null) return rows;
  const state = Object.entries(stateSql(last, held)).map(
    ([name, sql]) => `${sql} AS ${carried(name)}`,
  );
  const local = `${momentMsSql(literal(String(last[STAMP.name])))} AS _local_ms`;
  const marks = [local, 'NULL AS _next_ms', 'true AS _is_before'];
  const seed = [...own.map((each) => cell(last, each)), ...state, ...marks];
  return `SELECT ${seed.join(', ')} UNION ALL ${rows}`;
}

/** The same on every row: in Parquet an enumeration is a text like others, and written in a third of the time. */
const constant = (text: string): string => `CAST(${literal(text)} AS ENUM(${literal(text)}))`;

const GIVEN_SQL = ({ entry, subjectKey }: MemberOfSlice): Record<string, string> => ({
  recording: constant(entry.recording),
  device: constant(entry.device),
  subject: constant(entry.subject),
  subject_key: constant(subjectKey),
  source_file: constant(entry.file),
});

const LOCATION_VALUES = LOCATION.map(({ name }) => `s.${quoted(name)}`);
const LOCATION_READ = LOCATION_VALUES.map((each) => `${each} IS NOT NULL`).join(' OR ');

/** Where a reading stands on every row until the next, only its first row counts. */
const begins = (reading: string, name: string): string =>
  `CASE WHEN s._is_before THEN s.${carried(name)}
    WHEN s.${reading} IS NOT NULL AND s.${reading} IS DISTINCT FROM s._before_${reading} THEN s.source_line END`;

/**
 * A jump that the next row takes back: the row after it is where the one before it was, or further behind
 * it than a clock can be put back. Such a stamp says nothing of the rows around it.
 */
const ASTRAY = `CASE
    WHEN s._is_before THEN s._was_astray
    WHEN abs(s._local_ms - s._before_ms) > ${JITTER_MS} AND abs(s._next_ms - s._before_ms) <= ${JITTER_MS}
      THEN true
    WHEN s._before_ms IS NULL OR s._local_ms > s._before_ms + ${JITTER_MS}
      THEN coalesce(s._next_ms < s._local_ms - ${MOST_BACK_MS}, false)
    ELSE false END`;

/**
 * The clock: a stamp that lies more than a minute behind the row before it was read off a clock that
 * was put back, by whole hours; from there on the time goes on by as many hours ahead of the stamps.
 */
const IS_PUT_BACK = `NOT s._astray AND NOT s._after_astray
      AND s._local_ms BETWEEN s._before_ms - ${MOST_BACK_MS} AND s._before_ms - ${JITTER_MS} - 1`;
const HOURS_BACK_MS = `ceil((s._before_ms - s._local_ms - ${JITTER_MS}) / ${HOUR_MS}) * ${HOUR_MS}`;

/** Of a row astray: the row before it, else the one after it. */
const ANCHOR = 'coalesce(s._latest_before, s._next_ms + s._shift)';

/** Columns that are added to the rows `s` one step after the other: a window sees those of the steps before. */
const STEPS: readonly Readonly<Record<string, string>>[] = [
  {
    _battery: `s.${BATTERY.name}`,
    _answered: `CASE WHEN s.${LABEL.name} IS NULL THEN 0 ELSE 1 END`,
    _place: `CASE WHEN ${LOCATION_READ} THEN hash(${LOCATION_VALUES.join(', ')}) END`,
  },
  {
    _before_ms: before('s._local_ms'),
    _after_seed: `coalesce(${before('s._is_before')}, false)`,
    _before__place: before('s._place'),
    _before__battery: before('s._battery'),
  },
  { _astray: ASTRAY },
  { _after_astray: `coalesce(${before('s._astray')}, false)` },
  {
    _put_back_ms: `CASE WHEN s._is_before THEN s.${carried('shift_ms')}
    WHEN ${IS_PUT_BACK} THEN ${HOURS_BACK_MS} END`,
    _place_begins: begins('_place', 'location_line'),
    _battery_begins: begins('_battery', 'battery_line'),
    _answers: `CASE WHEN s._is_before THEN s.${carried('prompts')} + s._answered
    WHEN s._answered > 0 THEN s._answered END`,
  },
  {
    _shift: `coalesce(${ofFew('sum', 's._put_back_ms')}, 0)`,
    location_line: ofFew('max', 's._place_begins'),
    battery_line: ofFew('max', 's._battery_begins'),
    prompts: `coalesce(${ofFew('sum', 's._answers')}, 0) - s._answered`,
  },
  {
    _read_ms: 's._local_ms + s._shift',
    _seed_ms: `CASE WHEN s._after_seed AND NOT s._after_astray THEN s._before_ms + ${before('s._shift')} END`,
  },
  {
    _latest: `max(CASE WHEN s._is_before THEN s.${carried('latest_ms')}
    ELSE greatest(s._seed_ms, CASE WHEN NOT s._astray THEN s._read_ms END) END) ${SO_FAR}`,
  },
  { _latest_before: `greatest(${before('s._latest')}, s._seed_ms)` },
  {
    // What stands two minutes behind the rows before it is put aside as it is cleaned.
    time_ms: `CASE WHEN s._astray THEN ${ANCHOR} - ${ASTRAY_MS} ELSE s._read_ms END`,
    latest_ms: `CASE WHEN s._astray THEN ${ANCHOR} ELSE s._latest_before END`,
  },
];

const withStep = (rows: string, columns: Readonly<Record<string, string>>): string => {
  const added = Object.entries(columns).map(([name, sql]) => `${sql} AS ${name}`);
  return `SELECT s.*, ${added.join(', ')} FROM (${rows}) s`;
};

export function placedRowsSql(good: string, member: MemberOfSlice): string {
  const given = GIVEN_SQL(member);
  const columns = casasLandingColumns.map((each) => {
    const { name } = each;
    const value = given[name] ?? `CAST(p.${quoted(name)} AS ${sqlType(each)})`;
    return `${value} AS ${quoted(name)}`;
  });
  const placed = STEPS.reduce(withStep, continued(good, member));
  return `SELECT ${columns.join(', ')} FROM (${placed}) p WHERE NOT p._is_before`;
}
