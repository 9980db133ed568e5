/** Which days, weeks and months have to be aggregated, by what the lake's dates tell of them. */
import type { Pool } from 'pg';
import { createDatabase, type Queryable } from '../core/postgres';
import type { Grain } from '../telemetry/aggregate';

export interface Period {
  /** First local date. */
  readonly start: string;
  /** Changes with everything that its aggregates depend on; null when nothing tells of it any more. */
  readonly content: string | null;
  readonly events: number;
  /** UTC dates that tell of it. */
  readonly dates: readonly string[];
}

export interface DateRange {
  readonly from?: string;
  /** Included. */
  readonly to?: string;
}

interface PeriodRow {
  start: string;
  content: string | null;
  events: string;
  dates: string[];
}

const STARTS: Record<Grain, string> = {
  day: 'local_date',
  week: `date_trunc('week', local_date)::date`,
  month: `date_trunc('month', local_date)::date`,
};

/** Every period that something tells of. */
const presentSql = (grain: Grain): string => `SELECT ${STARTS[grain]} AS start,
    md5(string_agg(local_date || ' ' || event_date || ' ' || content || ' ' || readings_before, ';'
      ORDER BY local_date, event_date)) AS content,
    sum(events)::bigint AS events,
    array_agg(DISTINCT event_date::text) AS dates
  FROM devices.local_days GROUP BY 1`;

const toPeriod = ({ start, content, events, dates }: PeriodRow): Period => ({
  start,
  content,
  events: Number(events),
  dates: dates.toSorted(),
});

const COLUMNS = `start::text AS start, present.content, coalesce(present.events, 0) AS events,
  coalesce(present.dates, '{}') AS dates`;

/** The given periods as they are now, in the order of their starts. */
export async function periodsNow(
  connection: Queryable,
  grain: Grain,
  starts: readonly string[],
): Promise<Period[]> {
  const { rows } = await connection.query<PeriodRow>(
    `SELECT ${COLUMNS} FROM unnest($1::date[]) wanted (start)
      LEFT JOIN (${presentSql(grain)}) present USING (start) ORDER BY 1`,
    [starts],
  );
  return rows.map(toPeriod);
}

/** Those that differ from what was aggregated, or have never been; also those of which nothing is left. */
async function duePeriods(connection: Queryable, grain: Grain): Promise<Period[]> {
  const { rows } = await connection.query<PeriodRow>(
    `SELECT ${COLUMNS} FROM (${presentSql(grain)}) present
      FULL JOIN (SELECT period_start AS start, content FROM devices.aggregated_periods
        WHERE grain = $1) held USING (start)
      WHERE present.content IS DISTINCT FROM held.content ORDER BY 1`,
    [grain],
  );
  return rows.map(toPeriod);
}

export const dueDays = async (connection: Queryable): Promise<string[]> =>
  (await duePeriods(connection, 'day')).map(({ start }) => start);

export function createPeriods(pool: Pool) {
  const database = createDatabase(pool);
  return {
    periodsNow: (grain: Grain, starts: readonly string[]) => periodsNow(database, grain, starts),

    duePeriods: (grain: Grain) => duePeriods(database, grain),

    /** Every period that overlaps the range and that something tells of, or that was aggregated. */
    async periodsIn(grain: Grain, { from, to }: DateRange): Promise<Period[]> {
      const first = `${STARTS[grain].replace('local_date', '$2::date')}`;
      const { rows } = await database.query<PeriodRow>(
        `SELECT ${COLUMNS} FROM (${presentSql(grain)}) present
          FULL JOIN (SELECT period_start AS start FROM devices.aggregated_periods
            WHERE grain = $1) held USING (start)
          WHERE ($2::date IS NULL OR start >= ${first}) AND ($3::date IS NULL OR start <= $3::date)
          ORDER BY 1`,
        [grain, from ?? null, to ?? null],
      );
      return rows.map(toPeriod);
    },
  };
}
