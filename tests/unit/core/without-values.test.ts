/** What engines say goes into histories: never with the value that they stumbled over. */
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import { isLasting, withoutQuotes, withoutValues } from '../../../core/without-values';

const SECRET = 'ann@example.org to JSON\nin two lines';

let connection: DuckDBConnection;

beforeAll(async () => {
  connection = await (await DuckDBInstance.create(':memory:', { threads: '1' })).connect();
  await connection.run('CREATE TABLE people (email VARCHAR, id BIGINT PRIMARY KEY)');
  await connection.run('INSERT INTO people VALUES ($1, 4711)', [SECRET]);
});

afterAll(() => connection.closeSync());

async function saidBy(sql: string): Promise<string> {
  try {
    await (await connection.run(sql)).getRows();
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error(`${sql} did not fail`);
}

const CASTS = ['DOUBLE', 'DATE', 'TIMESTAMP', 'TIME', 'INTERVAL', 'BOOLEAN', 'UUID', 'JSON'];

test.each([
  ...CASTS.map((type) => `SELECT CAST(email AS ${type}) FROM people`),
  ...['INT[]', 'DECIMAL(5,2)', 'STRUCT(a INT)', 'INT[3]'].map(
    (type) => `SELECT CAST(email AS ${type}) FROM people`,
  ),
  `SELECT json_extract(email, '$.a') FROM people`,
  `SELECT strptime(email, '%Y') FROM people`,
  `SELECT error(email) FROM people`,
  `SELECT date_trunc(email, now()) FROM people`,
  `SELECT CAST(id AS TINYINT) FROM people`,
  `SELECT id * 9223372036854775807 FROM people`,
  `SELECT CAST(id * 1e30 AS BIGINT) FROM people`,
  `INSERT INTO people VALUES ('x', 4711)`,
  `SELECT missing FROM people WHERE email = 'ann@example.org' AND id = 4711`,
  `SELECT * FROM people WHERE email = CAST('ann@example.org' AS DATE) AND id = 4711`,
])('%s', async (sql) => {
  const said = await saidBy(sql);
  expect(said).toMatch(/ann@example\.org|4\.?711/);
  const told = withoutValues(said);
  expect(told).toMatch(/ Error/);
  expect(told).not.toMatch(/ann|4\.?711|two lines/);
  expect(isLasting(said)).toBe(true);
});

test('what helps to find the fault stays: the type and the column', async () => {
  await connection.run("CREATE TABLE texts AS SELECT 'ann' AS email");
  expect(withoutValues(await saidBy('SELECT CAST(email AS DOUBLE) FROM texts'))).toBe(
    'Conversion Error to DOUBLE in the column email (the value is left out)',
  );
});

test('names of tables, columns and files stay', async () => {
  expect(withoutValues(await saidBy('SELECT missing FROM people'))).toContain('"missing"');
  expect(withoutValues(await saidBy('SELECT * FROM nowhere'))).toContain('nowhere');
  const unread = await saidBy("SELECT * FROM read_parquet('/lake/part-0.parquet')");
  expect(withoutValues(unread)).toContain('/lake/part-0.parquet');
  expect(isLasting(unread)).toBe(false);
  expect(isLasting('IO Error: in the log stands "Conversion Error: "')).toBe(false);
});

test.each([
  [
    `The value 'ann@example.org' of the type "STRING" cannot be cast`,
    'A value of the type "STRING" cannot be cast',
  ],
  [`The value 4711 of the type "INT" is too large`, 'A value of the type "INT" is too large'],
  [`Text 'ann' could not be parsed at index 0`, 'A text could not be parsed at index 0'],
  [`java.lang.NumberFormatException: For input string: "ann"`, expect.not.stringContaining('ann')],
  ['invalid input syntax for type uuid: "ann"', 'invalid input syntax for type uuid'],
  [`Unexpected token 'a', "ann" is not valid JSON`, 'It is not valid JSON'],
  [
    'a quote is found on field 0 at line 2, value is "ann"',
    'a quote is found on field 0 at line 2',
  ],
])('other engines and parsers: %s', (said, told) => {
  expect(withoutValues(said)).toEqual(told);
});

test('a text that quotes no value stays as it is', () => {
  for (const said of ["ENOENT: no such file, open '/lake/a'", 'Error: two\nlines', '']) {
    expect(withoutValues(said)).toBe(said);
  }
});

test('where nothing is known of the text, all that is quoted goes', () => {
  expect(withoutQuotes(`column "email" has 'ann'`)).toBe(`column "…" has '…'`);
});
