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
const before = (expression: string): string => `lag(${expression}) OVER ()`;

const GIVEN = ['recording', 'device', 'subject', 'subject_key', 'source_file'];

function cell(row: RowFacts, { name, ...of }: ColumnDeclaration): string {
  const value = row[name] ?? null;
  const text = value === null ? 'NULL' : literal(String(value));
  return `CAST(${text} AS ${sqlType({ name, ...of })}) AS ${quoted(name)}`;
}

/** Columns that the file itself does not have, as the last row before has them. */
const CARRIED = ['time_ms', 'latest_ms', 'location_line', 'battery_line', 'prompts'];
const carried = (name: string): string => `_${name}`;

/** The good rows, and before them the last row of the slice before: its values go on from there. */
function continued(good: string, last: RowFacts | null): string {
  const columns = casasLandingColumns.filter(({ name }) => !GIVEN.includes(name));
  const own = columns.filter(({ name }) => !CARRIED.includes(name));
  const none = CARRIED.map((name) => `CAST(NULL AS DOUBLE) AS ${carried(name)}`);
  const names = own.map(({ name }) => `g.${quoted(name)}`);
  // Below the union: over a row of constants DuckDB 1.5 gives wrong rows for `lead`.
  const next = `lead(g.${LOCAL_MS}) OVER () AS _next_ms`;
  const rows = `SELECT ${names.join(', ')}, ${none.join(', ')}, g.${LOCAL_MS} AS _local_ms, ${next}, false AS _is_before FROM (${good}) g`;
  if (last === null) return rows;
  const state = CARRIED.map((name) => {
    const value = last[name] ?? null;
    return `CAST(${value === null ? 'NULL' : literal(String(value))} AS DOUBLE) AS ${carried(name)}`;
  });
  const local = `${momentMsSql(literal(String(last[STAMP.name])))} AS _local_ms`;
  const marks = [local, 'NULL AS _next_ms', 'true AS _is_before'];
  const seed = [...own.map((each) => cell(last, each)), ...state, ...marks];
  return `SELECT ${seed.join(', ')} UNION ALL ${rows}`;
}

const LOCATION_VALUES = LOCATION.map(({ name }) => `r.${quoted(name)}`);

/** Where a reading stands on every row until the next, only its first row counts. */
const begins = (reading: string, name: string): string =>
  `max(CASE WHEN s._is_before THEN s.${carried(name)}
    WHEN s.${reading} IS NOT NULL AND s.${reading} IS DISTINCT FROM s._before_${reading} THEN s.source_line
  END) ${SO_FAR}`;

const GIVEN_SQL = ({ entry, subjectKey }: MemberOfSlice): Record<string, string> => ({
  recording: literal(entry.recording),
  device: literal(entry.device),
  subject: literal(entry.subject),
  subject_key: literal(subjectKey),
  source_file: literal(entry.file),
});

/**
 * A jump that the next row takes back: the row after it is where the one before it was, or further behind
 * it than a clock can be put back. Such a stamp says nothing of the rows around it.
 */
const astray = `CASE
    WHEN abs(s._local_ms - s._before_ms) > ${JITTER_MS} AND abs(s._next_ms - s._before_ms) <= ${JITTER_MS}
      THEN true
    WHEN s._before_ms IS NULL OR s._local_ms > s._before_ms + ${JITTER_MS}
      THEN coalesce(s._next_ms < s._local_ms - ${MOST_BACK_MS}, false)
    ELSE false END`;

/** The last row of the slice before did not know the first one of this. */
const afterAstray = `coalesce(${before('s._astray')}, false)
    OR (s._after_seed AND s._local_ms < s._before_ms - ${MOST_BACK_MS})`;

/**
 * The clock: a stamp that lies more than a minute behind the row before it was read off a clock that
 * was put back, by whole hours; from there on the time goes on by as many hours ahead of the stamps.
 */
const isPutBack = `NOT s._astray AND NOT s._after_astray
      AND s._local_ms BETWEEN s._before_ms - ${MOST_BACK_MS} AND s._before_ms - ${JITTER_MS} - 1`;
const hoursBack = `ceil((s._before_ms - s._local_ms - ${JITTER_MS}) / ${HOUR_MS}) * ${HOUR_MS}`;
const shift = `sum(CASE WHEN s._is_before THEN s.${carried('time_ms')} - s._local_ms
    WHEN ${isPutBack} THEN ${hoursBack} ELSE 0 END) ${SO_FAR}`;

/** Of a row astray: the row before it, else the one after it. */
const anchor = 'coalesce(l._latest_before, l._next_ms + l._shift)';

export function placedRowsSql(good: string, member: MemberOfSlice): string {
  const given = GIVEN_SQL(member);
  const answered = `CASE WHEN s.${quoted(LABEL.name)} IS NULL THEN 0 ELSE 1 END`;
  const columns = casasLandingColumns.map((each) => {
    const { name } = each;
    return `CAST(${given[name] ?? `p.${quoted(name)}`} AS ${sqlType(each)}) AS ${quoted(name)}`;
  });
  // What stands two minutes behind the rows before it is put aside as it is cleaned.
  return `SELECT ${columns.join(', ')} FROM (
    SELECT l.*,
      CASE WHEN l._astray THEN ${anchor} - 2 * ${JITTER_MS} ELSE l._read_ms END AS time_ms,
      CASE WHEN l._astray THEN ${anchor} ELSE l._latest_before END AS latest_ms
    FROM (
      SELECT k.*, greatest(${before('k._latest')}, k._seed_ms) AS _latest_before FROM (
        SELECT t.*, max(CASE WHEN t._is_before THEN t._latest_ms
            ELSE greatest(t._seed_ms, CASE WHEN NOT t._astray THEN t._read_ms END) END) ${SO_FAR} AS _latest FROM (
          SELECT c.*, c._local_ms + c._shift AS _read_ms,
            CASE WHEN c._after_seed AND NOT c._after_astray THEN c._before_ms + ${before('c._shift')} END AS _seed_ms
          FROM (
            SELECT s.*, ${shift} AS _shift,
              ${begins('_place', 'location_line')} AS location_line,
              ${begins('_battery', 'battery_line')} AS battery_line,
              sum(CASE WHEN s._is_before THEN s._prompts ELSE 0 END + ${answered}) ${SO_FAR} - ${answered} AS prompts
            FROM (
              SELECT s.*, ${afterAstray} AS _after_astray FROM (
                SELECT s.*, ${astray} AS _astray FROM (
                  SELECT v.*, ${before('v._local_ms')} AS _before_ms, coalesce(${before('v._is_before')}, false) AS _after_seed,
                    ${before('v._place')} AS _before__place, ${before('v._battery')} AS _before__battery
                  FROM (
                    SELECT r.*, r.${BATTERY.name} AS _battery,
                      CASE WHEN ${LOCATION_VALUES.map((each) => `${each} IS NOT NULL`).join(' OR ')}
                        THEN hash(${LOCATION_VALUES.join(', ')}) END AS _place
                    FROM (${continued(good, member.before)}) r
                  ) v
                ) s
              ) s
            ) s
          ) c
        ) t
      ) k
    ) l
  ) p WHERE NOT p._is_before`;
}
