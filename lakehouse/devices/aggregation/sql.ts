/** The SQL of the aggregates: one text for days, weeks and months. telemetry/aggregate.ts says what each figure means. */
import { ASLEEP_SPEAKS_MS, type Grain } from '../../../telemetry/aggregate';

const DAY_MS = 86_400_000;
const FAR_MS = 9_000_000_000_000;

/** How the events of a device follow one another. Its id is a hash, and says nothing of what came first within a moment. */
const order = (event: string): string =>
  `${event}.timestamp_ms, coalesce(${event}.sequence, -1), coalesce(${event}.steps, -1), ${event}.event_id`;

/** Events of known people with their local day, days since 1970. */
const PLACED = `SELECT p.user_no, p.user_id, p.device_no, p.cumulative, p.alone,
    e.event_id, e.event_date, e.timestamp_ms, e.heart_rate, e.steps, e.sequence, e.asleep, o.offset_ms,
    CAST((e.timestamp_ms + o.offset_ms) // ${DAY_MS} AS INTEGER) AS local_day
  FROM device_events e
  JOIN people p ON p.device_id = e.device_id
  JOIN offsets o ON o.time_zone = p.time_zone
    AND e.timestamp_ms >= o.from_ms AND e.timestamp_ms < o.to_ms`;

/**
 * With the device's reading before and its next event. Dates that are read without the ones between them are runs of their
 * own, which begin with the last reading before them.
 */
const told = (where: string): string => `SELECT placed.*,
    coalesce(lag(placed.steps IGNORE NULLS) OVER told, before.steps) AS steps_before,
    lead(placed.timestamp_ms) OVER told AS next_ms
  FROM (${PLACED} ${where}) placed
  JOIN read_dates ON read_dates.event_date = placed.event_date
  LEFT JOIN readings_before before
    ON before.run = read_dates.run AND before.device_no = placed.device_no
  WINDOW told AS (PARTITION BY placed.device_no, read_dates.run
    ORDER BY ${order('placed')})`;

const STEPS_TAKEN = `CASE
    WHEN steps IS NULL THEN 0
    WHEN NOT cumulative THEN steps
    WHEN steps_before IS NULL THEN 0
    WHEN steps >= steps_before THEN steps - steps_before
    ELSE steps END`;

const ASLEEP_UNTIL = `least(coalesce(next_ms, ${FAR_MS}), timestamp_ms + ${ASLEEP_SPEAKS_MS},
    (local_day + 1) * CAST(${DAY_MS} AS BIGINT) - offset_ms)`;

/** A row for each device and local day. Whole numbers alone are summed: those of fractions depend on their order. */
export const DEVICE_DAYS = `CREATE TEMP TABLE device_days AS
  SELECT user_no, device_no, local_day, count(*) AS events, sum(${STEPS_TAKEN}) AS steps,
    min(heart_rate) AS lowest, max(heart_rate) AS highest,
    count(heart_rate) AS rates, sum(CAST(round(heart_rate * 1000) AS BIGINT)) AS rates_thousandths,
    count(heart_rate) FILTER (asleep) AS asleep_rates,
    sum(CAST(round(heart_rate * 1000) AS BIGINT)) FILTER (asleep) AS asleep_thousandths,
    sum(${ASLEEP_UNTIL} - timestamp_ms) FILTER (asleep AND alone) AS asleep_ms
  FROM (${told('')}) told
  WHERE local_day IN (SELECT local_day FROM wanted_days)
  GROUP BY user_no, device_no, local_day`;

/** Of people with several devices: what those speak for at the same time counts once. */
export const SHARED_SLEEP = `CREATE TEMP TABLE shared_sleep AS
  SELECT user_no, local_day,
    sum(greatest(0, until_ms - greatest(since_ms, coalesce(told_until_ms, since_ms)))) AS asleep_ms
  FROM (SELECT *, max(until_ms) OVER (PARTITION BY user_no, local_day ORDER BY since_ms, until_ms
      ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS told_until_ms
    FROM (SELECT user_no, local_day, timestamp_ms AS since_ms, ${ASLEEP_UNTIL} AS until_ms
      FROM (${told('WHERE NOT p.alone')}) told
      WHERE asleep AND local_day IN (SELECT local_day FROM wanted_days)) spans) spans
  GROUP BY user_no, local_day`;

/** Person, period, and the figures in the order in which they are stored; of days also which devices told of them. */
export const periodsSql = (grain: Grain): string => `SELECT named.user_id, made.period_start,
    CAST(made.steps AS BIGINT) AS total_steps,
    CAST(made.asleep_thousandths AS DOUBLE) / 1000 / nullif(made.asleep_rates, 0) AS avg_heart_rate_asleep,
    CAST(made.rates_thousandths AS DOUBLE) / 1000 / nullif(made.rates, 0) AS avg_heart_rate,
    made.lowest, made.highest,
    CAST(made.asleep_ms AS DOUBLE) / 60000 AS minutes_asleep,
    made.events, made.devices,
    made.asleep_thousandths, made.asleep_rates, made.rates_thousandths, made.rates, made.asleep_ms${grain === 'day' ? ', to_json(list_sort(made.device_ids))' : ''}
  FROM (SELECT days.user_no, wanted.period_start, sum(days.steps) AS steps,
      min(days.lowest) AS lowest, max(days.highest) AS highest,
      CAST(sum(days.rates) AS BIGINT) AS rates,
      CAST(coalesce(sum(days.rates_thousandths), 0) AS BIGINT) AS rates_thousandths,
      CAST(sum(days.asleep_rates) AS BIGINT) AS asleep_rates,
      CAST(coalesce(sum(days.asleep_thousandths), 0) AS BIGINT) AS asleep_thousandths,
      CAST(coalesce(sum(days.asleep_ms), 0) + coalesce(any_value(shared.asleep_ms), 0) AS BIGINT) AS asleep_ms,
      CAST(sum(days.events) AS BIGINT) AS events, count(DISTINCT days.device_no) AS devices${grain === 'day' ? ', list(people.device_id) AS device_ids' : ''}
    FROM device_days days
    JOIN people USING (device_no)
    JOIN wanted_days wanted USING (local_day)
    LEFT JOIN (SELECT user_no, wanted.period_start, sum(asleep_ms) AS asleep_ms
      FROM shared_sleep JOIN wanted_days wanted USING (local_day) GROUP BY ALL) shared
      ON shared.user_no = days.user_no AND shared.period_start = wanted.period_start
    GROUP BY days.user_no, wanted.period_start) made
  JOIN (SELECT DISTINCT user_no, user_id FROM people) named USING (user_no)`;

/** A row for each device, UTC date and local date. */
const TOLD_DATES = `SELECT e.device_id, e.event_date,
    DATE '1970-01-01' + CAST((e.timestamp_ms + o.offset_ms) // ${DAY_MS} AS INTEGER) AS local_date,
    any_value(p.cumulative) AS cumulative, count(*) AS events,
    coalesce(sum(hash(e.event_id, p.user_id, p.cumulative, o.offset_ms)), 0) AS content,
    min(e.timestamp_ms) FILTER (e.steps IS NOT NULL) AS first_reading_ms,
    max(e.timestamp_ms) FILTER (e.steps IS NOT NULL) AS last_reading_ms,
    arg_max(e.steps, row(${order('e')})) FILTER (e.steps IS NOT NULL) AS last_reading_steps
  FROM device_events e
  LEFT JOIN (people p JOIN offsets o ON o.time_zone = p.time_zone)
    ON p.device_id = e.device_id AND e.timestamp_ms >= o.from_ms AND e.timestamp_ms < o.to_ms
  GROUP BY ALL`;

/**
 * The same; of a device that nobody wears the local date is null. Where a UTC date holds two local dates, the second begins with the
 * first one's last reading. A clock that goes back over midnight mixes their readings: then it depends on all of them.
 */
export const DATE_FACTS = `SELECT device_id, event_date, local_date, events,
    content + CASE WHEN cumulative AND earlier IS NOT NULL AND first_reading_ms IS NOT NULL
      THEN hash('earlier', CASE WHEN earlier.ms < first_reading_ms THEN earlier.steps ELSE earlier.content END)
      ELSE 0 END AS content,
    first_reading_ms, last_reading_ms, last_reading_steps
  FROM (SELECT *, lag({ms: last_reading_ms, steps: last_reading_steps, content: content}) OVER (
      PARTITION BY device_id, event_date ORDER BY first_reading_ms) AS earlier
    FROM (${TOLD_DATES}) told_dates) told_dates`;
