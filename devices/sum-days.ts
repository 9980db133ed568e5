/** Weeks and months from the days that are stored, where those are present: no event is read again. */
import type { Queryable } from '../core/postgres';
import type { Grain } from '../telemetry/aggregate';
import { addDays, nextPeriodStart, periodStartOf } from '../telemetry/calendar';
import type { FIGURES } from './figures';
import { AGGREGATE_TABLES } from './partitions';
import { dueDays } from './periods';

const mean = (thousandths: string, events: string): string =>
  `sum(days.${thousandths})::float8 / 1000 / nullif(sum(days.${events}), 0)::float8`;

/** Sums of whole numbers, and what is made of them, so that they equal those of the events to the last digit. */
const SUMS: Record<(typeof FIGURES)[number], string> = {
  total_steps: 'sum(days.total_steps)::bigint',
  avg_heart_rate_asleep: mean('heart_rate_asleep_thousandths', 'heart_rate_asleep_events'),
  avg_heart_rate: mean('heart_rate_thousandths', 'heart_rate_events'),
  min_heart_rate: 'min(days.min_heart_rate)',
  max_heart_rate: 'max(days.max_heart_rate)',
  minutes_asleep: 'sum(days.asleep_ms)::float8 / 60000',
  events: 'sum(days.events)::bigint',
  devices: 'max(worn.devices)',
  heart_rate_asleep_thousandths: 'sum(days.heart_rate_asleep_thousandths)::bigint',
  heart_rate_asleep_events: 'sum(days.heart_rate_asleep_events)::bigint',
  heart_rate_thousandths: 'sum(days.heart_rate_thousandths)::bigint',
  heart_rate_events: 'sum(days.heart_rate_events)::bigint',
  asleep_ms: 'sum(days.asleep_ms)::bigint',
};

interface Span {
  readonly first: string;
  /** Included. */
  readonly last: string;
}

/** All dates of the periods, and what lies between them. */
function spanOf(grain: Exclude<Grain, 'day'>, starts: readonly string[]): Span {
  const sorted = starts.toSorted();
  const [first, last] = [sorted[0] as string, sorted.at(-1) as string];
  return { first, last: addDays(nextPeriodStart(grain, last), -1) };
}

/**
 * Days that the table does not hold as the events tell of them, whatever became of its rows: those that were detached, dropped,
 * or made before a day named its devices.
 */
const incompleteDays = (connection: Queryable, { first, last }: Span) =>
  connection.query<{ day: string }>(
    `SELECT day::text FROM (SELECT local_date AS day, sum(events) AS events
        FROM devices.local_days WHERE local_date BETWEEN $1::date AND $2::date GROUP BY 1) told
      FULL JOIN (SELECT event_date AS day,
          sum(events) FILTER (WHERE jsonb_array_length(device_ids) = devices) AS events
        FROM devices.daily_aggregates
        WHERE event_date BETWEEN $1::date AND $2::date GROUP BY 1) stored USING (day)
      WHERE told.events IS DISTINCT FROM stored.events`,
    [first, last],
  );

/** Of the periods those whose days are all stored as the events now tell them; in a transaction that has their locks. */
export async function startsOfPresentDays(
  connection: Queryable,
  grain: Exclude<Grain, 'day'>,
  starts: readonly string[],
): Promise<string[]> {
  if (starts.length === 0) return [];
  const { rows } = await incompleteDays(connection, spanOf(grain, starts));
  const days = [...(await dueDays(connection)), ...rows.map(({ day }) => day)];
  const stale = new Set(days.map((day) => periodStartOf(grain, day)));
  return starts.filter((start) => !stale.has(start));
}

/** Appends the periods' rows to the table. */
export async function sumDays(
  connection: Queryable,
  grain: Exclude<Grain, 'day'>,
  { table, starts }: { table: string; starts: readonly string[] },
): Promise<void> {
  if (starts.length === 0) return;
  const { first, last } = spanOf(grain, starts);
  const figures = Object.keys(SUMS);
  const start = `date_trunc('${grain}', days.event_date)::date`;
  await connection.query(
    `INSERT INTO ${table} (user_id, ${AGGREGATE_TABLES[grain].period}, ${figures.join(', ')})
      WITH days AS (SELECT *, ${start} AS start FROM devices.daily_aggregates days
        WHERE event_date BETWEEN $2::date AND $3::date AND ${start} = ANY($1::date[]))
      SELECT days.user_id, days.start, ${Object.values(SUMS).join(', ')}
      FROM days JOIN (SELECT user_id, start, count(DISTINCT device_id) AS devices
        FROM days, jsonb_array_elements_text(days.device_ids) device_id
        GROUP BY user_id, start) worn USING (user_id, start)
      GROUP BY days.user_id, days.start`,
    [starts, first, last],
  );
}
