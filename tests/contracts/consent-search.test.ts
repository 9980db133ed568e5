/** The proof's search of the database: as many rows as there are, each read once, alive and cancellable. */
import { createConsent, type Consent } from '../../consent/consent';
import { openPool } from '../../registry/database';
import { JSON_CASES, NUMERAL, NUMERAL_NEEDLES, TEXT_CASES } from '../support/numeral-cases';
import { createTestDatabase, type TestDatabase } from '../support/database';

const ROWS = 30_000;
const EVERY = 3_000;
const FOUND = [{ place: 'devices.daily_aggregates_2019_05', rows: ROWS / EVERY }];

const NEEDLES = {
  texts: ['ada-the-first', 'ada@example.org', 'watch-of-ada', '0a1b2c3d4e5f6071'],
  values: [],
};

let database: TestDatabase;
let consent: Consent;

beforeAll(async () => {
  database = await createTestDatabase();
  consent = createConsent(database.pool, 'secret');
  await database.pool.query(`CREATE TABLE devices.daily_aggregates_2019_05
    PARTITION OF devices.daily_aggregates FOR VALUES FROM ('2019-05-01') TO ('2019-06-01')`);
  await database.pool.query(
    `INSERT INTO devices.daily_aggregates (user_id, event_date, total_steps, minutes_asleep, events,
        devices, heart_rate_asleep_thousandths, heart_rate_asleep_events, heart_rate_thousandths,
        heart_rate_events, asleep_ms)
      SELECT CASE WHEN n % $2 = 0 THEN 'ADA-the-First' ELSE 'user' END || '-' || n, '2019-05-01',
        n, 400.5, 96, 1, 100 * n, 40, 200 * n, 50, 1000 * n FROM generate_series(1, $1::int) n`,
    [ROWS, EVERY],
  );
});
afterAll(() => database?.drop());

test('a table may take longer than the pool lets a statement take', async () => {
  const pool = openPool(database.url, { statementTimeoutMs: 1_000 });
  const { found } = await createConsent(pool, 'secret')
    .searchRows(NEEDLES)
    .finally(() => pool.end());
  expect(found).toEqual(FOUND);
});

test('rows of partitions are read once', async () => {
  const { rows: before } = await consent.searchRows(NEEDLES, { without: ['devices'] });
  const { rows, found } = await consent.searchRows(NEEDLES);
  expect(found).toEqual(FOUND);
  // Other tables of the schema have a row or two.
  expect(rows - before - ROWS).toBeLessThan(10);
});

test('tells how far it has come, and finds the same however large its steps are', async () => {
  const told: number[] = [];
  const onRows = (rows: number) => void told.push(rows);
  const { rows, found } = await consent.searchRows(NEEDLES, { blocksAtOnce: 100, onRows });
  expect(found).toEqual(FOUND);
  expect(told.length).toBeGreaterThan(5);
  expect(told).toEqual(told.toSorted((a, b) => a - b));
  expect(told.at(-1)).toBe(rows);
});

test('ends where it is when it is cancelled, and leaves nothing open', async () => {
  const cancelled = new AbortController();
  const onRows = (rows: number) => {
    if (rows > ROWS / 10) cancelled.abort(new Error('cancelled'));
    told = rows;
  };
  let told = 0;
  const { signal } = cancelled;
  const search = consent.searchRows(NEEDLES, { blocksAtOnce: 50, onRows, signal });
  await expect(search).rejects.toThrow('cancelled');
  expect(told).toBeLessThan(ROWS / 2);
  const { rows } = await database.pool.query<{ n: number }>(
    `SELECT count(*)::int AS n FROM pg_stat_activity
      WHERE datname = current_database() AND state LIKE 'idle in transaction%'`,
  );
  expect(rows).toEqual([{ n: 0 }]);
});

test('in the digits of bytes nobody is found, whatever they spell', async () => {
  const { pool } = database;
  await pool.query('CREATE TABLE public.signals (of text, samples bytea)');
  await pool.query(`INSERT INTO public.signals VALUES ('decade', '\\x00'), ('bob', '\\x00decade')`);
  const { found } = await consent.searchRows({ texts: ['decade'], values: [] });
  expect(found).toEqual([{ place: 'public.signals', rows: 1 }]);
  await pool.query('DROP TABLE public.signals');
});

describe('whoever is called by digits alone', () => {
  const isNaming = ({ replaced }: { replaced: string | null }) => replaced !== null;
  const find = async (): Promise<unknown> => (await consent.searchRows(NUMERAL_NEEDLES)).found;

  test.each([
    ['documents', 'jsonb', JSON_CASES],
    ['texts', 'text', [...TEXT_CASES, ...JSON_CASES]],
  ] as const)('is found in %s where these name them', async (name, type, cases) => {
    for (const isHeld of [true, false]) {
      const table = `public.${name}_${isHeld ? 'held' : 'free'}`;
      const texts = cases.filter((each) => isNaming(each) === isHeld).map(({ text }) => text);
      await database.pool.query(`CREATE TABLE ${table} (of ${type})`);
      await database.pool.query(
        `INSERT INTO ${table} SELECT each::${type} FROM unnest($1::text[]) each`,
        [texts],
      );
    }
    const rows = cases.filter(isNaming).length;
    expect(await find()).toEqual([{ place: `public.${name}_held`, rows }]);
    await database.pool.query(`DROP TABLE public.${name}_held, public.${name}_free`);
  });

  test('is found in a column of texts, and in none of numbers, dates and times', async () => {
    const { pool } = database;
    await pool.query(`CREATE TABLE public.figures (steps bigint, exact numeric, rate float8, n int[],
      day date, at timestamptz, for_long interval, is_open boolean)`);
    await pool.query(
      `INSERT INTO public.figures SELECT n, n, n, ARRAY[1, n], '100234-01-01',
        '2026-03-02 09:00:00.100234', make_interval(secs => n), true FROM (SELECT $1::int AS n)`,
      [NUMERAL],
    );
    await pool.query('CREATE TABLE public.only_figures (steps bigint)');
    await pool.query('INSERT INTO public.only_figures VALUES ($1)', [NUMERAL]);
    await pool.query('CREATE TABLE public.named (user_id text, steps bigint)');
    await pool.query('INSERT INTO public.named VALUES ($1, 1), ($2, 100234)', [NUMERAL, 'u-1']);
    expect(await find()).toEqual([{ place: 'public.named', rows: 1 }]);
    await pool.query('DROP TABLE public.figures, public.only_figures, public.named');
  });
});
