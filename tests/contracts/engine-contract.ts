/** What every engine must do with a declared table; each adapter's test calls it. */
import type { Lake } from '../../lakehouse/lake';
import { tableContentHash } from '../support/content-hash';
import { QUARANTINE_COLUMNS } from '../../lakehouse/quarantine';
import type { SnapshotManifest } from '../../lakehouse/manifest';
import { writeRows } from '../../lakehouse/publish';
import { normal, normalSql } from '../../lakehouse/stedi/fields';
import type { SqlTable, Transform } from '../../lakehouse/tables';
import { column, declareTable } from '../../lakehouse/tables';

const rawTable = declareTable({
  dataset: 'watch',
  name: 'raw',
  zone: 'landing',
  comment: 'For tests',
  columns: [
    column('id', 'string', 'Id'),
    column('size', 'string', 'Size', { required: false }),
    column('source_file', 'string', 'File'),
    column('source_line', 'bigint', 'Line'),
  ],
  key: [],
  partitions: [],
  orderBy: [],
  inputs: [],
  transform: { type: 'rows', recipe: 1 },
  checks: [],
});

/** Rows of files that are named after persons. */
const personalTable = declareTable({
  ...rawTable,
  name: 'personal',
  columns: [
    ...rawTable.columns.filter(({ name }) => name !== 'source_file'),
    column('source_file', 'string', 'File', { personal: true }),
    column('recording', 'string', 'Recording'),
  ],
});

const RAW_ROWS = [
  ['a', '1', 'f.csv', 2],
  ['b', 'many', 'f.csv', 3],
  ['c', null, 'f.csv', 4],
  ['d', '4.5', 'f.csv', 5],
  ['e', 'some', 'f.csv', 6],
] as const;

const TYPED = `SELECT r.id, TRY_CAST(r.size AS DOUBLE) AS size, r.source_file, r.source_line,
    CASE WHEN r.size IS NOT NULL AND TRY_CAST(r.size AS DOUBLE) IS NULL THEN 'not-a-number' END AS _quarantine,
    CASE WHEN r.size IS NOT NULL AND TRY_CAST(r.size AS DOUBLE) IS NULL THEN 'size' END AS _detail,
    CASE WHEN r.size IS NULL THEN 'empty' END AS _drop
  FROM raw r`;

const typedTable = <T extends Transform>(transform: T, changes: Partial<SqlTable> = {}) =>
  declareTable({
    dataset: 'watch',
    name: 'typed',
    zone: 'trusted',
    comment: 'For tests',
    columns: [
      column('id', 'string', 'Id'),
      column('size', 'double', 'Size'),
      column('source_file', 'string', 'File'),
      column('source_line', 'bigint', 'Line'),
    ],
    key: ['id'],
    partitions: [],
    orderBy: ['id'],
    inputs: ['raw'],
    checks: [],
    ...changes,
    transform,
  });

// Whatever stands at an end of the one must not be taken for its inside by the other.
const ENDS = [
  '',
  ...' \t\n\r\v\f\0\x1f!~\x7f\x80\x85\u00a0\u1680\u200b\u2028\u2060\u3000\ufeffé\u0130\u{1f642}',
];
const INSIDE = ['', 'Ann@X.org', 'A b', '\u0130ΣΣ', 'ß@ſ.ex', 'Ǆ', 'e\u0301É', 'a\u00a0B', '\x01Q'];
const SPELLINGS: readonly (string | null)[] = [
  null,
  ...INSIDE.flatMap((text) => ENDS.flatMap((end) => [end + text, text + end, end + text + end])),
];

export function engineContract(name: string, open: () => Promise<Lake>): void {
  describe(`engine ${name}`, () => {
    let lake: Lake;
    let inputs: Record<string, SnapshotManifest>;

    beforeEach(async () => {
      lake = await open();
      const { manifest } = await writeRows(lake, {
        table: rawTable,
        inputs: {},
        rows: () => RAW_ROWS,
      });
      inputs = { raw: manifest };
    });

    test('divides the rows into the table, the quarantine and what is dropped', async () => {
      const table = typedTable({ type: 'row-wise' as const, sql: TYPED });
      const built = await lake.engine.build({ table, inputs, prefix: 'trusted/watch/typed/x/' });
      expect(built).toMatchObject({
        rows: 2,
        inputRows: 5,
        usedRows: 2,
        quarantined: { 'not-a-number': 2 },
        dropped: { empty: 1 },
        firstProblems: ['f.csv, line 3: not-a-number (size)', 'f.csv, line 6: not-a-number (size)'],
      });
      for (const { key } of [...built.files, ...built.quarantineFiles]) {
        expect(key).toMatch(/^trusted\/watch\/typed\/x\/(data|quarantine)\//);
        expect(await lake.store.has(key)).toBe(true);
      }
    });

    test("tells a problem by the recording where the file's name names a person", async () => {
      const rows = () => RAW_ROWS.map(([id, size, file, line]) => [id, size, line, file, 'k1']);
      const written = await writeRows(lake, { table: personalTable, inputs: {}, rows });
      const sql = TYPED.replace('FROM raw r', 'FROM personal r');
      const table = typedTable({ type: 'row-wise' as const, sql }, { inputs: ['personal'] });
      const { firstProblems } = await lake.engine.build({
        ...{ table, inputs: { personal: written.manifest }, prefix: 'trusted/watch/typed/p/' },
      });
      expect(firstProblems).toEqual([
        'recording k1, line 3: not-a-number (size)',
        'recording k1, line 6: not-a-number (size)',
      ]);
    });

    test('keeps a rejected row as it was read, whether its text comes with its fate or not', async () => {
      const fatesSql = (asJson: (alias: string) => string): string =>
        TYPED.replace('FROM raw r', `, ${asJson('r')} AS _raw FROM raw r`);
      const hashes = [];
      for (const fates of [{}, { fatesSql }]) {
        const table = typedTable({ type: 'row-wise' as const, sql: TYPED, ...fates });
        const prefix = `trusted/watch/typed/f${hashes.length}/`;
        const { quarantineFiles } = await lake.engine.build({ table, inputs, prefix });
        const rejected = { columns: QUARANTINE_COLUMNS, files: quarantineFiles };
        hashes.push(await tableContentHash(lake, rejected));
      }
      expect(hashes[0]).toBe(hashes[1]);
      expect(hashes[0]).toMatch(/^2-\d+$/);
    });

    test('gives the same content twice', async () => {
      const table = typedTable({ type: 'row-wise' as const, sql: TYPED });
      const hashes = [];
      for (const prefix of ['trusted/watch/typed/1/', 'trusted/watch/typed/2/']) {
        const { files } = await lake.engine.build({ table, inputs, prefix });
        hashes.push(await tableContentHash(lake, { columns: table.columns, files }));
      }
      expect(hashes[0]).toBe(hashes[1]);
      expect(hashes[0]).toMatch(/^2-\d+$/);
    });

    test('brings spellings of e-mails and serial numbers together as the code does', async () => {
      const written = SPELLINGS.map((size, n) => [`${n}`.padStart(4, '0'), size, 'f', n] as const);
      const { manifest } = await writeRows(lake, {
        ...{ table: { ...rawTable, name: 'spelled' }, inputs: {}, rows: () => written },
      });
      const table = typedTable(
        {
          type: 'row-wise' as const,
          sql: `SELECT r.id, ${normalSql('r.size')} AS size, r.source_file, r.source_line,
            CAST(NULL AS STRING) AS _quarantine, CAST(NULL AS STRING) AS _detail,
            CAST(NULL AS STRING) AS _drop FROM spelled r`,
        },
        { columns: rawTable.columns, inputs: ['spelled'] },
      );
      const { files } = await lake.engine.build({
        ...{ table, inputs: { spelled: manifest }, prefix: 'trusted/watch/typed/n/' },
      });
      const { rows } = await lake.engine.query({
        relations: { typed: { columns: table.columns, files } },
        sql: 'SELECT id, size FROM typed ORDER BY id',
        maximumRows: SPELLINGS.length + 1,
        timeoutMs: 60_000,
      });
      expect(rows.map(({ size }) => size)).toEqual(
        SPELLINGS.map((text) => (text === null ? null : normal(text))),
      );
    });

    test('accounts for the input of a table with other rows than its own', async () => {
      const sql = `SELECT MIN(r.id) AS id, CAST(COUNT(*) AS DOUBLE) AS size,
          r.source_file, MIN(r.source_line) AS source_line
        FROM raw r WHERE r.size IS NOT NULL GROUP BY r.source_file`;
      const balanceSql = `SELECT CASE WHEN r.size IS NULL THEN 'empty' END AS reason,
          COUNT(*) AS driving_rows
        FROM raw r JOIN typed t ON t.source_file = r.source_file
        GROUP BY CASE WHEN r.size IS NULL THEN 'empty' END`;
      const table = typedTable({ type: 'set' as const, sql, balanceSql });
      const built = await lake.engine.build({ table, inputs, prefix: 'trusted/watch/typed/x/' });
      expect(built).toMatchObject({
        rows: 1,
        inputRows: 5,
        usedRows: 4,
        dropped: { empty: 1 },
        quarantined: {},
      });
    });

    test('writes partitions apart and keeps their columns readable', async () => {
      const table = typedTable(
        { type: 'row-wise' as const, sql: TYPED },
        { partitions: ['id'], orderBy: [] },
      );
      const { files, rows } = await lake.engine.build({
        table,
        inputs,
        prefix: 'trusted/watch/typed/x/',
      });
      expect(rows).toBe(2);
      expect(files.map(({ key }) => /id=(.)\//.exec(key)?.[1]).sort()).toEqual(['a', 'd']);
      const { rows: read } = await lake.engine.query({
        relations: { typed: { columns: table.columns, files } },
        sql: 'SELECT id, size FROM typed ORDER BY id',
        maximumRows: 10,
        timeoutMs: 10_000,
      });
      expect(read).toEqual([
        { id: 'a', size: 1 },
        { id: 'd', size: 4.5 },
      ]);
    });

    test('a table without rows can be built, checked and read', async () => {
      const sql = `SELECT e.* FROM (${TYPED}) e WHERE 1 = 0`;
      const transform = {
        type: 'set' as const,
        sql,
        balanceSql: `SELECT 'unused' AS reason, COUNT(*) AS driving_rows FROM raw r`,
      };
      for (const partitions of [[], ['id']]) {
        const table = typedTable(transform, { partitions });
        const { files, rows } = await lake.engine.build({ table, inputs, prefix: 'trusted/e/' });
        expect(rows).toBe(0);
        const relations = { typed: { columns: table.columns, files } };
        const checks = [{ name: 'rows', sql: 'SELECT COUNT(*) AS offending FROM typed t' }];
        expect(await lake.engine.check({ relations, checks })).toEqual([
          { name: 'rows', offending: 0 },
        ]);
      }
    });

    test('counts what offends against each check', async () => {
      const checks = [
        { name: 'no-texts', sql: `SELECT COUNT(*) AS offending FROM raw r WHERE r.size = 'many'` },
        { name: 'fine', sql: 'SELECT COUNT(*) AS offending FROM raw r WHERE r.id IS NULL' },
      ];
      expect(await lake.engine.check({ relations: inputs, checks })).toEqual([
        { name: 'no-texts', offending: 1 },
        { name: 'fine', offending: 0 },
      ]);
    });

    test('a value that a SELECT cannot take fails the build for good, and is not told', async () => {
      const sql = TYPED.replaceAll('TRY_CAST', 'CAST');
      const table = typedTable({ type: 'row-wise' as const, sql });
      const prefix = 'trusted/watch/typed/x/';
      const error = await lake.engine.build({ table, inputs, prefix }).catch((e: unknown) => e);
      expect(error).toMatchObject({
        code: expect.stringMatching(/^S(QL|PARK)_FAILED$/) as string,
        retryable: false,
        message: expect.stringMatching(/\bDOUBLE\b/) as string,
      });
      for (let each = error as Error | undefined; each; each = each.cause as Error | undefined) {
        expect(String(each.stack)).not.toMatch(/many|some/);
      }
    });

    test('a broken SELECT fails, and a cancelled build ends with the reason', async () => {
      const table = typedTable({ type: 'row-wise' as const, sql: 'SELECT nothing' });
      const prefix = 'trusted/watch/typed/x/';
      await expect(lake.engine.build({ table, inputs, prefix })).rejects.toThrow(/nothing/);
      const reason = new Error('cancelled');
      const signal = AbortSignal.abort(reason);
      await expect(lake.engine.build({ table, inputs, prefix, signal })).rejects.toBe(reason);
    });
  });
}
