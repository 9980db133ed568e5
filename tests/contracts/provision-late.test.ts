/** Removing an environment against an emulator of AWS, while somebody still writes to it. */
import { CreateTableCommand, GetDatabaseCommand, GlueClient } from '@aws-sdk/client-glue';
import {
  DeleteBucketPolicyCommand,
  ListBucketsCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { awsClientConfig, GLUE_POINTER } from '../../core/aws';
import { openProvisioning, type Provisioning } from '../../provision/provision';
import type { Target } from '../../provision/target';
import { useAwsEmulator } from '../support/aws-emulator';
import { useAwsGateway } from '../support/aws-gateway';

const aws = useAwsEmulator();
const gateway = useAwsGateway(aws);

const BUCKET = 'stedi-lake-test';
const bucket = { kind: 'bucket', name: BUCKET } as const;
const database = { kind: 'database', name: 'stedi-human-balance-analytics' } as const;
const target: Target = {
  ...{ environment: 'research', bucket: BUCKET, prefix: '' },
  ...{ databases: [database.name], queryLimitGb: 10 },
};

let provisioning: Provisioning;
let s3: S3Client;
let glue: GlueClient;

beforeEach(async () => {
  await aws().reset();
  s3 = new S3Client({ ...awsClientConfig(aws().client), forcePathStyle: true });
  glue = new GlueClient(awsClientConfig(aws().client));
  provisioning = await openProvisioning(target, { ...gateway().client, maxAttempts: 2 });
  for (const resource of [bucket, database]) await provisioning.apply(resource);
  // The emulator reads a policy without its conditions, and would let nobody in.
  await s3.send(new DeleteBucketPolicyCommand({ Bucket: BUCKET }));
});
afterEach(() => {
  provisioning.close();
  s3.destroy();
  glue.destroy();
});

const buckets = async () => (await s3.send(new ListBucketsCommand({}))).Buckets;
const put = (Key: string) => s3.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body: Key }));
const publish = () =>
  glue.send(
    new CreateTableCommand({
      DatabaseName: database.name,
      TableInput: { Name: 'ours', Parameters: { [GLUE_POINTER]: '{}' } },
    }),
  );
const holdsData = { code: 'RESOURCE_HOLDS_DATA' };

test('what has come in since the look stays, unless the data may go', async () => {
  expect(await provisioning.planRemoval({ deleteData: false })).toEqual([database, bucket]);
  await publish();
  await put('landing/late');
  for (const each of [database, bucket]) {
    const removed = provisioning.remove(each, { deleteData: false });
    await expect(removed).rejects.toMatchObject(holdsData);
  }
  expect(await buckets()).toHaveLength(1);
  const { Database } = await glue.send(new GetDatabaseCommand({ Name: database.name }));
  expect(Database?.Name).toBe(database.name);
});

test('what has come into an emptied bucket goes as well, when the data may go', async () => {
  await provisioning.emptyBucket({});
  await publish();
  await put('logs/late');
  let late = 0;
  const options = { deleteData: true, onRemoved: (versions: number) => void (late = versions) };
  for (const each of [database, bucket])
    expect(await provisioning.remove(each, options)).toBe(true);
  expect(late).toBe(1);
  expect(await buckets()).toEqual([]);
});

test('a bucket is emptied however many pages its list has', async () => {
  const keys = Array.from({ length: 60 }, (_, at) => `landing/${at}`);
  for (const key of [...keys, ...keys]) await put(key);
  expect(await provisioning.emptyBucket({})).toBe(120);
  expect(await provisioning.remove(bucket, { deleteData: false })).toBe(true);
  expect(await buckets()).toEqual([]);
});

test('a bucket into which somebody keeps writing is told as one that holds data', async () => {
  gateway().breakOn({
    on: ({ method, url }) => method === 'DELETE' && url.startsWith(`/${BUCKET}`),
    fault: {
      status: 409,
      headers: { 'content-type': 'application/xml' },
      body: '<Error><Code>BucketNotEmpty</Code><Message>not empty</Message></Error>',
    },
  });
  const removed = provisioning.remove(bucket, { deleteData: true });
  await expect(removed).rejects.toMatchObject(holdsData);
});
