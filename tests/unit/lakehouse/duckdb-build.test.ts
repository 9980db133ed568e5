/** Row-wise tables in DuckDB: of few rows and of many, with their fates told apart and without, the outcome is the same. */
import { join } from 'node:path';
import { DEFAULT_DUCKDB, rowsOf, withDuckdb } from '../../../lakehouse/engines/duckdb-session';
import type { Lake } from '../../../lakehouse/lake';
import type { SnapshotManifest } from '../../../lakehouse/manifest';
import type { RowWiseTransform } from '../../../lakehouse/tables';
import { column, declareTable } from '../../../lakehouse/tables';
import { newLake, temporaryFolder } from '../../support/recordings';

const folder = temporaryFolder();

const ORIGIN = [
  column('source_file', 'string', 'File'),
  column('source_line', 'bigint', 'Line in it'),
];
const COLUMNS = [column('v', 'double', 'A value', { required: false }), ...ORIGIN];

/** Every thousandth row from the third on has no value, every thousandth from the fourth on one below zero. */
const rowsSql = (rows: number): string => `SELECT
    CASE i % 1000 WHEN 3 THEN NULL WHEN 4 THEN -1.5 ELSE i END::DOUBLE AS v, 'a.csv' AS source_file, i AS source_line
  FROM range(${rows}) r(i)`;

async function landed({ store }: Lake, rows: number): Promise<SnapshotManifest> {
  const key = 'landing/of-test/read.parquet';
  await withDuckdb({ store, options: DEFAULT_DUCKDB }, async ({ connection, scratch }) => {
    const path = join(scratch, 'read.parquet');
    await connection.run(`COPY (${rowsSql(rows)}) TO '${path}' (FORMAT parquet)`);
    await store.adopt(key, path);
  });
  const files = [{ key, rows, bytes: 1 }];
  return { columns: COLUMNS, files } as unknown as SnapshotManifest;
}

const FATES = `CASE WHEN l.v < 0 THEN 'below-zero' END AS _quarantine,
  CASE WHEN l.v < 0 THEN 'v' END AS _detail, CASE WHEN l.v IS NULL THEN 'no-value' END AS _drop`;

const SELECT: RowWiseTransform = { type: 'row-wise', sql: `SELECT l.*, ${FATES} FROM read l` };
const WITH_FATES: RowWiseTransform = {
  ...SELECT,
  fatesSql: (asJson) => `SELECT l.source_file, l.source_line, ${asJson('l')} AS _raw, ${FATES}
    FROM read l WHERE l.v < 0 OR l.v IS NULL`,
};

async function built(transform: RowWiseTransform, rows: number) {
  const lake = newLake(folder.path());
  const table = declareTable({
    ...{ dataset: 'd', name: 'kept', zone: 'trusted', comment: 'Of the test', columns: COLUMNS },
    ...{ key: [], partitions: [], orderBy: [], inputs: ['read'], transform, checks: [] },
  });
  const inputs = { read: await landed(lake, rows) };
  const outcome = await lake.engine.build({ table, inputs, prefix: 'trusted/of-test/' });
  const { store } = lake;
  const paths = await Promise.all(outcome.quarantineFiles.map(({ key }) => store.localPath(key)));
  const quarantine = await withDuckdb({ store, options: DEFAULT_DUCKDB }, (session) =>
    rowsOf(
      session,
      `SELECT reason, detail, source_file, source_line::INTEGER AS line, raw
        FROM read_parquet(['${paths.join("', '")}'])`,
    ),
  );
  const { files: _, quarantineFiles: __, ...counts } = outcome;
  return { counts, quarantine };
}

test.each([
  ['few', 5_000],
  ['many', 251_000],
])('of %s rows', async (_, rows) => {
  const found = await built(SELECT, rows);
  const thousands = rows / 1000;
  expect(found.counts).toEqual({
    ...{ inputRows: rows, rows: rows - 2 * thousands, usedRows: rows - 2 * thousands },
    ...{ quarantined: { 'below-zero': thousands }, dropped: { 'no-value': thousands }, noted: {} },
    firstProblems: [4, 1004, 2004].map((line) => `a.csv, line ${line}: below-zero (v)`),
  });
  expect(found.quarantine).toHaveLength(thousands);
  expect(found.quarantine[1]).toEqual({
    ...{ reason: 'below-zero', detail: 'v', source_file: 'a.csv', line: 1004 },
    raw: '{"v":-1.5,"source_file":"a.csv","source_line":1004}',
  });
  expect(await built(WITH_FATES, rows)).toEqual(found);
});
