/** Computes the aggregates of some periods, and what the UTC dates tell of people's days. */
import { addDays, nextPeriodStart } from '../../../telemetry/calendar';
import type { Grain } from '../../../telemetry/aggregate';
import { literal, NO_PARTITIONS } from '../../engines/duckdb-session';
import { createRowAppender } from '../../engines/row-appender';
import { column } from '../../tables';
import type { Aggregation } from './open-aggregation';
import { loadPeople, type PeopleFile } from './people';
import { DATE_FACTS, DEVICE_DAYS, SHARED_SLEEP, periodsSql } from './sql';

const DAY_MS = 86_400_000;

/** Dates without a gap between them. */
export interface DateRun {
  readonly first: string;
  readonly last: string;
}

/** In their order. */
export function runsOf(dates: readonly string[]): DateRun[] {
  const runs: { first: string; last: string }[] = [];
  for (const date of dates.toSorted()) {
    const run = runs.at(-1);
    if (run !== undefined && date <= addDays(run.last, 1)) run.last = date;
    else runs.push({ first: date, last: date });
  }
  return runs;
}

export interface AggregateRequest {
  readonly grain: Grain;
  /** Their first dates. */
  readonly periods: readonly string[];
  readonly runs: readonly DateRun[];
  readonly peopleFile: PeopleFile;
  /** Number of the run, device, steps of its last reading before: CSV without a header. */
  readonly readingsBeforeFile: string;
}

const bounds = (runs: readonly DateRun[]): DateRun => ({
  first: runs[0]?.first ?? '2000-01-01',
  last: runs.at(-1)?.last ?? '2000-01-01',
});

async function nameReadDates({ session }: Aggregation, runs: readonly DateRun[]): Promise<void> {
  const appender = await createRowAppender(session, 'read_dates', [
    column('event_date', 'string', 'UTC date'),
    column('run', 'integer', 'Dates without a gap between them have one'),
  ]);
  for (const [run, { first, last }] of runs.entries()) {
    for (let date = first; date <= last; date = addDays(date, 1)) appender.append([date, run]);
  }
  appender.finish();
}

async function nameWantedDays({ session }: Aggregation, grain: Grain, periods: readonly string[]) {
  const appender = await createRowAppender(session, 'wanted_days', [
    column('local_day', 'integer', 'Days since 1970'),
    column('period_start', 'string', 'First date of its period'),
  ]);
  for (const start of periods) {
    const end = Date.parse(nextPeriodStart(grain, start));
    for (let at = Date.parse(start); at < end; at += DAY_MS) appender.append([at / DAY_MS, start]);
  }
  appender.finish();
}

/** The file has a row for each person and period: both, and then the figures as they are stored. */
export async function aggregatePeriods(
  aggregation: Aggregation,
  { grain, periods, runs, peopleFile, readingsBeforeFile }: AggregateRequest,
): Promise<{ file: string; rows: number }> {
  const { connection } = aggregation.session;
  await loadPeople(aggregation.session, peopleFile, bounds(runs));
  await nameReadDates(aggregation, runs);
  await nameWantedDays(aggregation, grain, periods);
  await connection.run(`CREATE TABLE readings_before AS
    SELECT given.run, people.device_no, given.steps
    FROM read_csv(${literal(readingsBeforeFile)}, auto_detect = false, ${NO_PARTITIONS}, header = false, delim = ',', quote = '"', escape = '"',
      columns = {'run': 'INTEGER', 'device_id': 'VARCHAR', 'steps': 'BIGINT'}) given
    JOIN people ON people.device_id = given.device_id`);
  await connection.run(DEVICE_DAYS);
  await connection.run(SHARED_SLEEP);
  return aggregation.writeCsv('aggregates', periodsSql(grain));
}

/** A row for each device, UTC date and local date; what a reader of the dates has to know of them. */
export async function writeDateFacts(
  aggregation: Aggregation,
  peopleFile: PeopleFile,
  run: DateRun,
): Promise<{ file: string; rows: number }> {
  await loadPeople(aggregation.session, peopleFile, run);
  return aggregation.writeCsv('date-facts', DATE_FACTS);
}
