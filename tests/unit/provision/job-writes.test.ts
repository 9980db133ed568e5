/** What a job may write: the files of the tables that it builds and its answer, and nothing that others rely on. */
import { choiceKey, claimKey, sessionFolder } from '../../../lakehouse/engines/jobs/records';
import { resultKey } from '../../../lakehouse/engines/jobs/work';
import { manifestKey } from '../../../lakehouse/manifest';
import {
  STEDI_DATASET,
  STEDI_LANDING,
  STEDI_TABLES,
  stediLocation,
} from '../../../lakehouse/stedi/locations';
import { defaultLocation } from '../../../lakehouse/tables';
import { allows, jobStatementsOf } from '../../support/jobs/role';

const PREFIX = 'team/lake';
const role = jobStatementsOf(PREFIX, ['trial']);
const may = (action: string, key: string): boolean =>
  allows(role, { action, key: `${PREFIX}/${key}` });

const ID = '0123456789abcdef';
const landed = Object.values<string>(STEDI_LANDING);
const stediPlaces = (tables: readonly string[]): string[] =>
  [STEDI_DATASET, 'trial'].flatMap((dataset) =>
    tables.map((table) => `${stediLocation(dataset, table)}${ID}/`),
  );
const place = (zone: 'landing' | 'trusted' | 'curated') =>
  `${defaultLocation({ dataset: 'wsu', table: 'recordings_trusted', zone })}${ID}/`;

const BUILT = [
  ...stediPlaces(STEDI_TABLES.filter((table) => !landed.includes(table))),
  ...[place('trusted'), place('curated')],
];
const LANDED = [...stediPlaces(landed), place('landing')];
const FOLDER = `jobs/wsu/${ID}/emr/1/`;

// What Spark and its committers write below the folder of an attempt, on S3A and on EMRFS.
const WRITTEN = [
  ...['part-0.parquet', '', 'day=1/part-0.parquet', '__partition_day=1/part-0.parquet'],
  ...[
    '_temporary/0/_temporary/attempt_1/part-0.parquet',
    '_temporary/0/',
    '__magic_job-1/0.pending',
  ],
  ...['.emrfs_staging_0/part-0.parquet', '_temporary_$folder$'],
];

test.each(BUILT)('%s takes the files of a job, and takes them back', (built) => {
  for (const folder of ['data', 'quarantine']) {
    for (const name of WRITTEN) {
      const key = `${built}${folder}/attempt/${name}`;
      expect([key, may('s3:PutObject', key)]).toEqual([key, true]);
      expect([key, may('s3:DeleteObject', key)]).toEqual([key, true]);
    }
  }
  const [table, dataset] = [built.slice(0, -1), built.split('/')[0]];
  for (const parent of [`${built}data`, table, dataset]) {
    expect(may('s3:PutObject', `${parent}_$folder$`)).toBe(true);
  }
});

test('a job says how it went', () => {
  const generation = { folder: FOLDER } as Parameters<typeof resultKey>[0];
  expect(may('s3:PutObject', resultKey(generation, 'attempt'))).toBe(true);
});

test.each([
  ...LANDED.flatMap((each) => [`${each}data/part-0.parquet`, manifestKey(each)]),
  ...BUILT.map(manifestKey),
  ...['landing/wsu/ingests/1/receipt.json', 'refresh/wsu/plan.json', 'catalog/wsu/tables/t/1.json'],
  ...[claimKey(FOLDER), choiceKey(FOLDER), `jobs/wsu/${ID}/manifest-${ID}.json`],
  ...[`${sessionFolder('wsu', 'any')}ended.json`, 'code/spark-runner-1.py', 'models/wsu/1.json'],
  ...[`other/customer/trusted/${ID}/data/attempt/part-0.parquet`, 'lake.json'],
])('a job leaves %s as it is', (key) => {
  for (const action of ['s3:PutObject', 's3:DeleteObject', 's3:AbortMultipartUpload']) {
    expect([action, may(action, key)]).toEqual([action, false]);
  }
});

test('a job reads what it is told, the tables and its code, and no plans', () => {
  const told = [claimKey(FOLDER), choiceKey(FOLDER), `jobs/wsu/${ID}/manifest-${ID}.json`];
  const tables = [...LANDED, ...BUILT].map((each) => `${each}data/attempt/part-0.parquet`);
  for (const key of [...told, ...tables, 'code/spark-runner-1.py']) {
    expect([key, may('s3:GetObject', key)]).toEqual([key, true]);
  }
  for (const key of ['refresh/wsu/plan.json', 'labels/1.json', 'catalog/wsu/tables/t/1.json']) {
    expect([key, may('s3:GetObject', key)]).toEqual([key, false]);
  }
});
