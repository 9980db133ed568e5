/** Queries read published tables and can do nothing else. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { glueDatabases } from '../../../lakehouse/catalogs/glue-databases';
import { createDuckdbEngine } from '../../../lakehouse/engines/duckdb';
import type { Lake } from '../../../lakehouse/lake';
import type { Store } from '../../../lakehouse/ports';
import { query } from '../../../lakehouse/query';
import { latestRelease } from '../../support/publishing';
import {
  archiveFiles,
  ingestInto,
  newLake,
  refreshLake,
  temporaryFolder,
  writeZip,
} from '../../support/recordings';

const folder = temporaryFolder();
let lake: Lake;

beforeAll(async () => {
  lake = newLake(folder.path());
  const source = await writeZip(folder.path(), archiveFiles([{ recording: 'r1' }]));
  await ingestInto(lake, { source });
  await refreshLake(lake);
});

test('tables of the only dataset are found by name, whole numbers are numbers', async () => {
  const sql = 'SELECT label, count(*) AS n, sum(samples) AS s FROM windows GROUP BY 1';
  expect(await query(lake, { sql })).toEqual({
    columns: ['label', 'n', 's'],
    rows: [{ label: 'walking', n: 4, s: 800 }],
    truncated: false,
  });
});

test('fetches the files of the tables that it names, and shows the others', async () => {
  const fetched: string[] = [];
  const localPath = async (key: string, heldIn?: string): Promise<string> => {
    fetched.push(key.split('/')[2] as string);
    return lake.store.localPath(key, heldIn);
  };
  const store = Object.assign(Object.create(lake.store) as Store, { localPath });
  const counting = { ...lake, engine: createDuckdbEngine({ store, duckdb: lake.duckdb }) };
  const tablesOf = async (sql: string) => {
    fetched.length = 0;
    const { rows } = await query(counting, { sql });
    expect(rows).not.toHaveLength(0);
    return [...new Set(fetched)];
  };
  expect(await tablesOf('SELECT * FROM WINDOWS')).toEqual(['windows']);
  expect(
    await tablesOf('FROM "watch"."windows" JOIN recordings_trusted USING (recording) LIMIT 1'),
  ).toEqual(expect.arrayContaining(['windows', 'recordings_trusted']));
  expect(await tablesOf('SHOW ALL TABLES')).toEqual([]);
  expect(await tablesOf('SELECT * FROM information_schema.columns')).toEqual([]);
  const hidden = query(counting, { sql: "FROM query_table('win' || 'dows')" });
  await expect(hidden).rejects.toThrow(/without naming it/);
});

test('a table is found under the database of the Glue catalogue as well, as Athena has it', async () => {
  const both = newLake(folder.path());
  for (const dataset of ['watch', 'other.set']) {
    const files = archiveFiles([{ recording: 'r1', samples: dataset === 'watch' ? 500 : 300 }]);
    await ingestInto(both, { source: await writeZip(folder.path(), files), dataset });
  }
  const count = async (from: string, template?: string) => {
    const databases = glueDatabases(template);
    const databaseOf = (dataset: string) => databases.of(dataset);
    const sql = `SELECT count(*) AS n FROM ${from}`;
    return (await query(both, { sql, databaseOf })).rows;
  };
  expect(await count('"watchlake_watch"."recordings_landing"')).toEqual([{ n: 500 }]);
  expect(await count('Watchlake_Other_Set.recordings_landing')).toEqual([{ n: 300 }]);
  expect(await count('watch.recordings_landing')).toEqual([{ n: 500 }]);
  expect(await count('lab_watch.recordings_landing', 'lab_{dataset}')).toEqual([{ n: 500 }]);
  // One database for all says of no table whose it is.
  const shared = count('lab.recordings_landing', 'lab');
  await expect(shared).rejects.toMatchObject({ code: 'QUERY_INVALID' });
  // The dataset of that name comes first.
  expect(await count('watch.recordings_landing', 'watch')).toEqual([{ n: 500 }]);
});

test('a row limit is kept and said', async () => {
  const sql = 'SELECT recording FROM recordings_trusted';
  const result = await query(lake, { sql, maximumRows: 7 });
  expect(result.rows).toHaveLength(7);
  expect(result.truncated).toBe(true);
  expect((await query(lake, { sql: `${sql} LIMIT 7`, maximumRows: 7 })).truncated).toBe(false);
});

test.each([
  "COPY (SELECT 1) TO 'stolen.csv'",
  'DROP VIEW windows',
  'CREATE TABLE mine AS SELECT 1',
  "ATTACH 'other.db'",
  'SET enable_external_access = true',
  'SELECT 1; SELECT 2',
  'INSTALL httpfs',
  'this is no SQL',
  'SELECT nothing FROM windows',
])('refuses %s', async (sql) => {
  await expect(query(lake, { sql })).rejects.toMatchObject({ code: 'QUERY_INVALID', status: 400 });
});

test('a slip in the SQL is told as DuckDB shows its place, without what the client was at', async () => {
  await expect(query(lake, { sql: 'SELEC 1' })).rejects.toMatchObject({
    code: 'QUERY_INVALID',
    message: expect.stringMatching(
      /^The query cannot be run: Parser Error: syntax error at or near "SELEC"/,
    ) as string,
  });
});

test('says that it was given nothing', async () => {
  await expect(query(lake, { sql: ' ' })).rejects.toThrow('The query cannot be run: it is empty');
});

test('no file but those of the tables can be read, and none can be written', async () => {
  const secret = join(folder.path(), 'secret.txt');
  await writeFile(secret, 'do not read');
  const pointer = await lake.catalog.pointer({ dataset: 'watch', table: 'windows' });
  const manifest = `${pointer?.prefix}manifest.json`;
  const others = [secret, await lake.store.localPath(manifest)];
  for (const path of others) {
    for (const sql of [`SELECT * FROM read_text('${path}')`, `SELECT * FROM '${path}'`]) {
      await expect(query(lake, { sql })).rejects.toMatchObject({ code: 'QUERY_INVALID' });
    }
  }
  const sql = `COPY (SELECT 1) TO '${secret}'`;
  await expect(query(lake, { sql })).rejects.toMatchObject({ code: 'QUERY_INVALID' });
  expect(await readFile(secret, 'utf8')).toBe('do not read');
});

// After a millisecond it has hardly begun: an interrupt between two statements is forgotten.
test.each([1, 200])('a query that takes longer than %i ms ends', async (timeoutMs) => {
  const sql = 'SELECT sum(a.range * b.range) FROM range(1000000) a, range(1000000) b';
  await expect(query(lake, { sql, timeoutMs })).rejects.toMatchObject({
    code: 'QUERY_INVALID',
    message: expect.stringContaining(`more than ${timeoutMs / 1000} s`) as string,
  });
});

test('with two datasets each table is found under its dataset, plain names need a choice', async () => {
  const both = newLake(folder.path());
  for (const [dataset, samples] of [
    ['watch', 500],
    ['other.set', 300],
  ] as const) {
    const files = archiveFiles([{ recording: 'r1', samples }]);
    await ingestInto(both, { source: await writeZip(folder.path(), files), dataset });
  }
  const count = (from: string) => ({ sql: `SELECT count(*) AS n FROM ${from}` });
  const rowsOf = async (from: string, dataset?: string) =>
    (await query(both, { ...count(from), dataset })).rows;
  expect(await rowsOf('watch.recordings_landing')).toEqual([{ n: 500 }]);
  expect(await rowsOf('"other.set".recordings_landing')).toEqual([{ n: 300 }]);
  expect(await rowsOf('recordings_landing', 'other.set')).toEqual([{ n: 300 }]);
  await expect(rowsOf('Recordings_Landing')).rejects.toMatchObject({
    code: 'TABLE_OF_WHICH_DATASET',
    message: 'No dataset was named; those with a table recordings_landing are: other.set, watch.',
    remedy: expect.stringContaining('--dataset <name>') as string,
  });
  await expect(rowsOf('nowhere')).rejects.toMatchObject({ code: 'QUERY_INVALID' });
  await expect(rowsOf('recordings_landing', 'nothing')).rejects.toMatchObject({
    code: 'DATASET_NOT_FOUND',
  });
});

test.each(['main', 'temp', 'system', 'memory', 'information_schema', 'pg_catalog'])(
  'a dataset may be called %s, as DuckDB calls something of its own',
  async (name) => {
    const both = newLake(folder.path());
    for (const [dataset, samples] of [
      ['watch', 500],
      [name, 300],
    ] as const) {
      const files = archiveFiles([{ recording: 'r1', samples }]);
      await ingestInto(both, { source: await writeZip(folder.path(), files), dataset });
    }
    const count = async (from: string, dataset?: string) =>
      (await query(both, { sql: `SELECT count(*) AS n FROM ${from}`, dataset })).rows;
    expect(await count('recordings_landing', name)).toEqual([{ n: 300 }]);
    expect(await count('recordings_landing', 'watch')).toEqual([{ n: 500 }]);
    expect(await count('watch.recordings_landing')).toEqual([{ n: 500 }]);
    // Never the rows of the chosen one.
    const other = count(`"${name}".recordings_landing`, 'watch');
    await expect(other).rejects.toMatchObject({ code: 'QUERY_INVALID' });
  },
);

test('a table that was not built yet is told with those that were', async () => {
  const landed = newLake(folder.path());
  await ingestInto(landed, {
    source: await writeZip(folder.path(), archiveFiles([{ recording: 'r1' }])),
  });
  await expect(query(landed, { sql: 'SELECT * FROM Windows' })).rejects.toMatchObject({
    code: 'TABLE_NOT_FOUND',
    message:
      'There is no published table windows in the dataset watch, which has: recordings_landing.',
    remedy: expect.stringContaining('watchlake refresh') as string,
  });
  // DuckDB's own words where another dataset is named than the chosen one.
  await expect(query(landed, { sql: 'FROM elsewhere.windows' })).rejects.toMatchObject({
    code: 'QUERY_INVALID',
  });
});

test('a release that is pinned shows its tables as they were', async () => {
  const pinned = newLake(folder.path());
  const source = await writeZip(folder.path(), archiveFiles([{ recording: 'r1' }]));
  await ingestInto(pinned, { source });
  await refreshLake(pinned);
  const before = await latestRelease(pinned, 'watch');
  await refreshLake(pinned, { window: { lengthMs: 1000, stepMs: 500 } });
  const sql = 'SELECT count(*) AS n FROM windows';
  const [{ n: now }] = (await query(pinned, { sql })).rows as [{ n: number }];
  const old = await query(pinned, { sql, dataset: 'watch', releaseId: before?.releaseId });
  expect(old.rows).toEqual([{ n: 4 }]);
  expect(now).toBe(19);
  const wrong = { sql, dataset: 'watch', releaseId: 'nothing' };
  await expect(query(pinned, wrong)).rejects.toMatchObject({ code: 'QUERY_INVALID' });
});
