/** Tables that others keep in Glue are landed from there: made by hand or by a crawler, over JSON on S3. */
import { readdir, rm } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { CreateDatabaseCommand, CreateTableCommand, GlueClient } from '@aws-sdk/client-glue';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { MockActivityEnvironment } from '@temporalio/testing';
import { createIngestActivities } from '../../activities/ingest-activities';
import { awsClientConfig } from '../../core/aws';
import { openSource } from '../../lakehouse/sources/open-source';
import { STEDI } from '../../lakehouse/stedi/stedi-format';
import { useAwsEmulator } from '../support/aws-emulator';
import { stediFiles, threePeople } from '../support/made-stedi';
import { SECRET, newLake, temporaryFolder } from '../support/recordings';
import { refreshStedi, rowsOfTables } from '../support/stedi';

const aws = useAwsEmulator();
const folder = temporaryFolder();
const DATABASE = 'stedi-raw';
const BUCKET = 'raw';
const OPENX = 'org.openx.data.jsonserde.JsonSerDe';

const glue = () => new GlueClient(awsClientConfig(aws().client));
const s3 = () => new S3Client({ ...aws().client, forcePathStyle: true });
const access = () => ({ aws: aws().client, pathStyle: true });

const table = (name: string, location: string, changes: { serde?: string; day?: true } = {}) =>
  glue().send(
    new CreateTableCommand({
      DatabaseName: DATABASE,
      TableInput: {
        Name: name,
        StorageDescriptor: {
          Location: location,
          SerdeInfo: { SerializationLibrary: changes.serde ?? OPENX },
        },
        PartitionKeys: changes.day ? [{ Name: 'day', Type: 'string' }] : [],
      },
    }),
  );

const put = (Key: string, body: string | Buffer) =>
  s3().send(new PutObjectCommand({ Bucket: BUCKET, Key, Body: Buffer.from(body) }));

/** As jobs and streams leave them: without endings, beside marks of their own. */
async function makeTables(): Promise<void> {
  const [customers, accelerometer, steps] = Object.values(stediFiles(threePeople()));
  await put('customer/landing/run-1-part-r-00000', customers as string);
  await put('customer/landing/_SUCCESS', '');
  await put('customer/landing/.hidden.json', 'no JSON');
  await put('customer/landing_old/customer-0.json', 'another folder');
  await put('accelerometer/landing/2023/part-0.gz', gzipSync(accelerometer as string));
  await put('accelerometer/landing_$folder$', '');
  await put('devices/steps.jsonl', steps as string);
  await table('customer_landing', `s3://${BUCKET}/customer/landing`);
  await table('accelerometer_landing', `s3://${BUCKET}/accelerometer/landing/`);
  const hive = { serde: 'org.apache.hive.hcatalog.data.JsonSerDe' };
  await table('steptrainer_landing', `s3://${BUCKET}/devices/`, hive);
}

beforeEach(async () => {
  await aws().reset();
  const CreateBucketConfiguration = { LocationConstraint: 'eu-central-1' } as const;
  await s3().send(new CreateBucketCommand({ Bucket: BUCKET, CreateBucketConfiguration }));
  await glue().send(new CreateDatabaseCommand({ DatabaseInput: { Name: DATABASE } }));
});

const SOURCE = `glue://${DATABASE}?step_trainer=steptrainer_landing`;
const opening = () => ({
  ...{ extensions: STEDI.extensions, catalogTables: STEDI.catalogTables },
  ...{ spoolFolder: `${folder.path()}/spool`, s3: access() },
});

test('the tables land as a folder of their files would', async () => {
  await makeTables();
  const lake = newLake(folder.path());
  const source = { spoolFolder: opening().spoolFolder, s3: access() };
  const activities = createIngestActivities({ lake, subjectKey: SECRET, source });
  const environment = new MockActivityEnvironment();
  const run = <I, O>(activity: (input: I) => Promise<O>, input: I): Promise<O> =>
    environment.run(activity, input);
  const archive = { source: SOURCE, dataset: 'stedi', format: 'stedi' as const };
  const { sourceHash } = await run(activities.identifySource, archive);
  const opened = await run(activities.openArchive, archive);
  expect(opened).toMatchObject({ ingestId: sourceHash, members: 3 });
  for (let batch = 0; batch < opened.batches; batch += 1) {
    await run(activities.landBatch, { planKey: opened.planKey, batch });
  }
  const { planKey } = opened;
  const { tables } = await run(activities.publishLanding, { planKey });
  expect(Object.values(tables ?? {}).map(({ rows }) => rows)).toEqual([3, 6, 6]);
  expect(rowsOfTables(await refreshStedi(lake))).toEqual([2, 4, 2, 4, 4]);
  // Nothing of it is left beside the lake.
  expect(await readdir(opening().spoolFolder)).toEqual([]);
  expect(await run(activities.openArchive, archive)).toMatchObject({ alreadyLanded: true });
});

test('a table that Hadoop has made tells its place by another scheme, and lands', async () => {
  await makeTables();
  await table('readings', `s3a://${BUCKET}/accelerometer/landing`);
  const opened = await openSource(`${SOURCE}&accelerometer=readings`, opening());
  expect(opened.members.map(({ name }) => name)).toContain('accelerometer/2023/part-0.json');
  await opened.close();
});

test('a file is called after its table, and a changed one is another source', async () => {
  await makeTables();
  const opened = await openSource(SOURCE, opening());
  expect(opened.members.map(({ name }) => name).sort()).toEqual([
    'accelerometer/2023/part-0.json',
    'customer/run-1-part-r-00000.json',
    'step_trainer/steps.jsonl',
  ]);
  await opened.close();
  await put('devices/steps.jsonl', '{}');
  const known = { ...opened };
  await expect(openSource(SOURCE, { ...opening(), known })).rejects.toMatchObject({
    code: 'SOURCE_CHANGED',
  });
});

test.each<[string, string, () => Promise<unknown>]>([
  ['is absent', 'there is none', () => Promise.resolve()],
  [
    'is no JSON',
    'not JSON lines',
    () => table('customer_landing', `s3://${BUCKET}/x/`, { serde: 'a.b.OpenCSVSerde' }),
  ],
  ['lies elsewhere', 'do not lie on S3', () => table('customer_landing', 'file:///tmp/x')],
  [
    'has partitions',
    'it has partitions',
    () => table('customer_landing', `s3://${BUCKET}/x/`, { day: true }),
  ],
  [
    'has no files',
    'there is no file in s3://raw/x/',
    () => table('customer_landing', `s3://${BUCKET}/x`),
  ],
  [
    'is compressed otherwise',
    'gzip is',
    async () => {
      await put('x/customers.json.bz2', '');
      await table('customer_landing', `s3://${BUCKET}/x/`);
    },
  ],
  [
    'has two files that would be one',
    'part-0 and part-0.json differ by their ending alone',
    async () => {
      await put('x/part-0', '{"email":"ann@example.org"}\n');
      await put('x/part-0.json', '{"email":"ben@example.org"}\n');
      for (const name of ['customer', 'accelerometer', 'step_trainer'])
        await table(`${name}_landing`, `s3://${BUCKET}/x/`);
    },
  ],
])('a table that %s is refused with the reason', async (_what, reason, make) => {
  await make();
  const asked = openSource(`glue://${DATABASE}`, opening());
  await expect(asked).rejects.toMatchObject({ code: 'CATALOG_SOURCE_UNUSABLE' });
  await expect(asked).rejects.toThrow(reason);
  await rm(opening().spoolFolder, { recursive: true, force: true });
});

test.each([
  ['glue://', 'give a database'],
  ['glue://a/b', 'give a database'],
  [`glue://${DATABASE}?steps=x`, 'name tables for customer, accelerometer, step_trainer'],
])('the address %s is refused with what it should be', async (source, reason) => {
  const asked = openSource(source, opening());
  await expect(asked).rejects.toMatchObject({ code: 'INPUT_INVALID' });
  await expect(asked).rejects.toThrow(reason);
});

test('of a format without such tables there is no source in a catalogue', async () => {
  const asked = openSource(`glue://${DATABASE}`, { ...opening(), catalogTables: undefined });
  await expect(asked).rejects.toThrow('this format of data has no tables in a catalogue');
});
