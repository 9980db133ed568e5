/** A result whose statement fails in the middle is no shorter result. */
import { withDuckdb } from '../../../lakehouse/engines/duckdb-session';
import { streamRows } from '../../../lakehouse/engines/streamed-result';
import { DEFAULT_DUCKDB } from '../../../lakehouse/engines/duckdb-session';
import { query } from '../../../lakehouse/query';
import { storedRows } from '../../../lakehouse/stored-rows';
import { newLake, temporaryFolder } from '../../support/recordings';

const folder = temporaryFolder();
const ROWS = 20_000;
// More than DuckDB holds ready before it hands out the first.
const WIDE = 'range(200) AS items';
const WHOLE = `SELECT i, ${WIDE} FROM range(${ROWS}) t(i)`;
const FAILING = `SELECT CASE WHEN i = ${ROWS / 2} THEN error('full') ELSE i END AS i, ${WIDE} FROM range(${ROWS}) t(i)`;

async function countOf(rows: AsyncIterable<unknown>): Promise<number> {
  let count = 0;
  for await (const _ of rows) count += 1;
  return count;
}

test('it is an error for whoever streams rows out of the lake', async () => {
  const lake = newLake(folder.path());
  const whole = storedRows(lake, { from: {}, sql: WHOLE });
  expect(await countOf(whole)).toBe(ROWS);
  const broken = storedRows(lake, { from: {}, sql: FAILING });
  // Not tried again: it says what has failed, and that is the SQL.
  let seen = 0;
  const reading = async () => {
    for await (const _ of broken) seen += 1;
  };
  await expect(reading()).rejects.toMatchObject({ code: 'SQL_FAILED' });
  expect(seen).toBeGreaterThan(0);
});

test('it is an error for whoever asks a query', async () => {
  const lake = newLake(folder.path());
  const asked = query(lake, { sql: FAILING, maximumRows: ROWS });
  const detail = expect.stringContaining('full') as string;
  await expect(asked).rejects.toMatchObject({ code: 'QUERY_INVALID', context: { detail } });
});

test('want of memory is called that, whoever asks', async () => {
  const lake = newLake(folder.path());
  // Lists are not spilled.
  const sql = 'SELECT list(i) FROM range(20_000_000) t(i) GROUP BY i % 3';
  const short = { code: 'MEMORY_SHORT', retryable: true };
  const options = { memoryLimit: '50MB', threads: 1 };
  await expect(
    withDuckdb({ store: lake.store, options }, ({ connection }) => connection.run(sql)),
  ).rejects.toMatchObject(short);
  await expect(
    withDuckdb({ store: lake.store, options }, ({ connection }) =>
      countOf(streamRows(connection, sql)),
    ),
  ).rejects.toMatchObject(short);
  await expect(query(lake, { sql, maximumRows: 1 })).rejects.toMatchObject(short);
});

test('the connection serves others afterwards, also when it was not read to its end', async () => {
  const { store } = newLake(folder.path());
  await withDuckdb({ store, options: DEFAULT_DUCKDB }, async ({ connection }) => {
    await expect(countOf(streamRows(connection, FAILING))).rejects.toThrow();
    for await (const rows of streamRows(connection, 'SELECT i FROM range(9000) t(i)')) {
      expect(rows).toHaveLength(2048);
      break;
    }
    await connection.run('CREATE TABLE kept AS SELECT 1 AS one');
    expect(await countOf(streamRows(connection, 'SELECT * FROM kept'))).toBe(1);
  });
});
