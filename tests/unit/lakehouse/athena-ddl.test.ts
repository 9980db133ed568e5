/** Published tables as SQL for Athena: the whole text, since nothing here runs Athena. */
import { athenaDdl } from '../../../lakehouse/catalogs/athena-ddl';
import { hiveColumns } from '../../../lakehouse/catalogs/glue-columns';
import { glueDatabases } from '../../../lakehouse/catalogs/glue-databases';
import { dataPlace } from '../../../lakehouse/data-place';
import type { TablePointer } from '../../../lakehouse/ports';
import { column } from '../../../lakehouse/tables';

const file = (key: string) => ({ key, bytes: 1, rows: 1 });

const customers: TablePointer = {
  dataset: 'stedi',
  table: 'customer_trusted',
  zone: 'trusted',
  snapshotId: 's1',
  prefix: 'customer/trusted/s1/',
  data: dataPlace('customer/trusted/s1/', [file('customer/trusted/s1/data/0a/data_0.parquet')]),
  columns: [
    column('serialNumber', 'string', "The trainer's number; shared by mistake", { personal: true }),
    column('registrationDate', 'bigint', 'Milliseconds'),
    column('scores', 'float-list', 'One per step'),
  ],
  publishedAt: '2024-01-01T00:00:00.000Z',
};

const readings: TablePointer = {
  ...customers,
  table: 'accelerometer_trusted',
  prefix: 'accelerometer/trusted/s2/',
  data: dataPlace('accelerometer/trusted/s2/', [
    file('accelerometer/trusted/s2/data/0b/day=2024-01-02/hour=9/data_0.parquet'),
    file('accelerometer/trusted/s2/data/0b/day=2024-01-01/hour=23/data_0.parquet'),
  ]),
  columns: [
    column('day', 'string', 'Day'),
    column('hour', 'integer', 'Hour'),
    column('x', 'double', 'g'),
  ],
};

test('is what Athena takes, statement by statement', () => {
  const place = { database: glueDatabases().of('stedi'), root: 's3://lake/root' };
  expect(athenaDdl([customers, readings], place).join('\n;\n')).toBe(
    `CREATE DATABASE IF NOT EXISTS \`stedi-human-balance-analytics\`
;
CREATE EXTERNAL TABLE IF NOT EXISTS \`stedi-human-balance-analytics\`.\`accelerometer_trusted\` (
  \`x\` double COMMENT 'g'
)
PARTITIONED BY (
  \`day\` string COMMENT 'Day',
  \`hour\` int COMMENT 'Hour'
)
STORED AS PARQUET
LOCATION 's3://lake/root/accelerometer/trusted/s2/data/0b/'
TBLPROPERTIES (
  'parquet.compression' = 'ZSTD',
  'projection.enabled' = 'true',
  'projection.day.type' = 'date',
  'projection.day.format' = 'yyyy-MM-dd',
  'projection.day.range' = '2024-01-01,2024-01-02',
  'projection.day.interval' = '1',
  'projection.day.interval.unit' = 'DAYS',
  'projection.hour.type' = 'integer',
  'projection.hour.range' = '9,23',
  'storage.location.template' = 's3://lake/root/accelerometer/trusted/s2/data/0b/day=\${day}/hour=\${hour}/'
)
;
CREATE EXTERNAL TABLE IF NOT EXISTS \`stedi-human-balance-analytics\`.\`customer_trusted\` (
  \`serialnumber\` string COMMENT 'The trainer’s number, shared by mistake (personal)',
  \`registrationdate\` bigint COMMENT 'Milliseconds',
  \`scores\` array<float> COMMENT 'One per step'
)
STORED AS PARQUET
LOCATION 's3://lake/root/customer/trusted/s1/data/0a/'
TBLPROPERTIES (
  'parquet.compression' = 'ZSTD'
)`,
  );
});

test('a pointer of an older version stands for all files of its snapshot', () => {
  const { data: _data, ...older } = customers;
  const [, table] = athenaDdl([older], { database: 'd', root: 's3://lake' });
  expect(table).toContain("LOCATION 's3://lake/customer/trusted/s1/data/'");
});

describe('the place of a snapshot', () => {
  test('is the folder of the attempt that won, and of no other', () => {
    const files = [file('t/s/data/aa/1.parquet'), file('t/s/data/aa/2.parquet')];
    expect(dataPlace('t/s/', files)).toEqual({ folder: 't/s/data/aa/', partitions: [] });
  });

  test('has the partitions of its folders', () => {
    const files = ['b=2/c=x', 'b=10/c=x', 'b=2/c=y'].map((path) => file(`t/s/data/aa/${path}/1`));
    expect(dataPlace('t/s/', files)).toEqual({
      folder: 't/s/data/aa/',
      partitions: [
        { name: 'b', values: ['10', '2'] },
        { name: 'c', values: ['x', 'y'] },
      ],
    });
  });

  test('of no files is its empty data folder', () => {
    expect(dataPlace('t/s/', [])).toEqual({ folder: 't/s/data/', partitions: [] });
  });
});

describe('the database of a dataset', () => {
  test.each([
    [undefined, 'stedi', 'stedi-human-balance-analytics'],
    [undefined, 'watch.v2', 'watchlake_watch_v2'],
    ['lab_{dataset}', 'stedi', 'lab_stedi'],
    ['shared', 'watch', 'shared'],
  ])('with %s, of %s, is %s', (template, dataset, expected) => {
    const databases = glueDatabases(template);
    expect(databases.of(dataset)).toBe(expected);
    expect(databases.includes(expected)).toBe(true);
  });

  test('others hold no tables of ours', () => {
    for (const other of ['default', 'xwatchlake_a', 'watchlake_']) {
      expect(glueDatabases().includes(other)).toBe(false);
    }
  });
});

test('a comment is one line, and whole letters of it', () => {
  const unit = (text: string) => ({ ...customers, columns: [column('ax', 'double', text)] });
  const commentOf = (text: string) => hiveColumns(unit(text)).columns[0]?.Comment;
  expect(commentOf('As written; unit m/s\r\n2')).toBe('As written; unit m/s 2');
  expect(commentOf(`${'x'.repeat(254)}😀😀`)).toBe('x'.repeat(254));
});
