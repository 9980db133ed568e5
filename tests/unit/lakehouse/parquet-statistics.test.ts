/** What files say of their nulls: it counts only where it is as good as a look at the rows. */
import { join } from 'node:path';
import { DEFAULT_DUCKDB, withDuckdb } from '../../../lakehouse/engines/duckdb-session';
import { isWithoutNulls } from '../../../lakehouse/engines/parquet-statistics';
import { newLake, temporaryFolder } from '../../support/recordings';

const folder = temporaryFolder();

async function isProved(selects: readonly string[], columns: readonly string[], under = '') {
  const { store } = newLake(folder.path());
  const request = { store, options: DEFAULT_DUCKDB };
  return withDuckdb(request, async (session) => {
    const files = [];
    for (const [at, select] of selects.entries()) {
      const path = join(session.scratch, `${at}.parquet`);
      await session.connection.run(
        `COPY (${select}) TO '${path}' (FORMAT parquet, ROW_GROUP_SIZE 2048)`,
      );
      const key = `trusted/nulls/${under}${at}.parquet`;
      await store.adopt(key, path);
      files.push({ key, rows: 1, bytes: 1 });
    }
    return isWithoutNulls(session, store, { columns: [], files }, columns);
  });
}

const many = (value: string): string => `SELECT ${value} AS a, 1 AS b FROM range(10000) r(i)`;

test.each([
  ['no file', [], ['a'], true],
  ['no null', [many('i'), many('1')], ['a', 'b'], true],
  ['a file without rows', [`${many('i')} WHERE false`, many('i')], ['a'], true],
  ['a null in one of the last row groups', [many('nullif(i, 9000)')], ['a'], false],
  ['a null in the second file', [many('i'), many('nullif(i, 1)')], ['a'], false],
  ['nulls in another column alone', [many('nullif(i, 1)')], ['b'], true],
  ['a column that a file lacks', [many('i'), 'SELECT 1 AS b'], ['a'], false],
  ['a list', ['SELECT [1, 2] AS a'], ['a'], false],
])('%s', async (_, selects, columns, expected) => {
  expect(await isProved(selects, columns)).toBe(expected);
});

test('of a partition the folder tells, not the file', async () => {
  expect(await isProved([many('i')], ['a'], 'a=__HIVE_DEFAULT_PARTITION__/')).toBe(false);
  expect(await isProved([many('i')], ['b'], 'a=1/')).toBe(true);
});
