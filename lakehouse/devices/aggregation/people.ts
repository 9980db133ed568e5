/** Who wears which device and which time their clocks show, as tables that SQL can join. */
import { offsetsOf } from '../../../telemetry/calendar';
import type { DuckdbSession } from '../../engines/duckdb-session';
import { literal, NO_PARTITIONS, rowsOf } from '../../engines/duckdb-session';
import { createRowAppender } from '../../engines/row-appender';
import { column } from '../../tables';

/** device_id, user_id, time_zone, is_cumulative (1 or 0): CSV without a header. */
export type PeopleFile = string;

const OFFSET_COLUMNS = [
  column('time_zone', 'string', 'IANA name'),
  column('from_ms', 'bigint', 'First moment'),
  column('to_ms', 'bigint', 'First moment after'),
  column('offset_ms', 'bigint', 'What local clocks show is UTC and this'),
];

const DAY_MS = 86_400_000;
// Beyond every moment of an event.
const END_MS = Date.UTC(2200, 0, 1);

/**
 * Makes the tables `people` (user_no and device_no instead of long names, alone: whether it is the person's only device) and `offsets`, the
 * latter from before the first of the UTC dates to after the last.
 */
export async function loadPeople(
  session: DuckdbSession,
  file: PeopleFile,
  { first, last }: { first: string; last: string },
): Promise<void> {
  const { connection } = session;
  await connection.run(`CREATE TABLE people AS SELECT *,
      CAST(dense_rank() OVER (ORDER BY user_id) AS INTEGER) AS user_no,
      CAST(row_number() OVER (ORDER BY device_id) AS INTEGER) AS device_no,
      count(*) OVER (PARTITION BY user_id) = 1 AS alone
    FROM read_csv(${literal(file)}, auto_detect = false, ${NO_PARTITIONS}, header = false, delim = ',', quote = '"', escape = '"', columns = {
      'device_id': 'VARCHAR', 'user_id': 'VARCHAR', 'time_zone': 'VARCHAR', 'cumulative': 'BOOLEAN'})`);
  const zones = await rowsOf(session, 'SELECT DISTINCT time_zone AS zone FROM people ORDER BY 1');
  const [fromMs, toMs] = [Date.parse(first), Date.parse(last) + DAY_MS];
  const appender = await createRowAppender(session, 'offsets', OFFSET_COLUMNS);
  for (const { zone } of zones) {
    const periods = offsetsOf(zone as string, fromMs, toMs);
    for (const [at, { fromMs: since, offsetMs }] of periods.entries()) {
      appender.append([zone as string, since, periods[at + 1]?.fromMs ?? END_MS, offsetMs]);
    }
  }
  appender.finish();
}
