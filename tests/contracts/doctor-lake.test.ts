/** What `watchlake doctor` says of a lake on S3: whether it may be written, and what it is encrypted with. */
import {
  ListMultipartUploadsCommand,
  ListObjectVersionsCommand,
  PutBucketEncryptionCommand,
  type ServerSideEncryptionByDefault,
} from '@aws-sdk/client-s3';
import { examineLake } from '../../cli/doctor-services';
import { loadConfig } from '../../workers/config';
import type { Call } from '../support/aws-gateway';
import { useAwsGateway } from '../support/aws-gateway';
import { bucketEncryption } from '../support/aws-guarantees';
import { BUCKET, useS3 } from '../support/s3';

const KEY = 'arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab';
const URI = `s3://${BUCKET}/lake`;

const s3 = useS3();
const gateway = useAwsGateway(s3.aws, [bucketEncryption()]);
const before = { ...process.env };
// The SDK's own variables are the only way to tell the command line where S3 is.
beforeEach(() => {
  const { endpoint } = gateway();
  Object.assign(process.env, s3.aws().environment, { AWS_ENDPOINT_URL: endpoint });
});
afterEach(() => {
  process.env = { ...before };
});

const choose = (ApplyServerSideEncryptionByDefault: ServerSideEncryptionByDefault) => {
  const ServerSideEncryptionConfiguration = { Rules: [{ ApplyServerSideEncryptionByDefault }] };
  const request = { Bucket: BUCKET, ServerSideEncryptionConfiguration };
  return s3.client().send(new PutBucketEncryptionCommand(request));
};

const looked = (variables: Record<string, string> = {}) =>
  examineLake(loadConfig({ LAKE_URI: URI, S3_PATH_STYLE: 'true', ...variables }));

/** What is there, and what was begun. */
async function left() {
  const Bucket = BUCKET;
  const { Versions = [] } = await s3.client().send(new ListObjectVersionsCommand({ Bucket }));
  const { Uploads = [] } = await s3.client().send(new ListMultipartUploadsCommand({ Bucket }));
  return [...Versions, ...Uploads];
}

const isBegun = ({ method, url }: Call) => method === 'POST' && url.includes('uploads');
const isPart = ({ method, url }: Call) => method === 'PUT' && url.includes('partNumber=');

// As S3 words it. The emulator lets everybody use every key, so that only the answer can be shown.
const denied = (right: string) => ({
  status: 403,
  headers: { 'content-type': 'application/xml' },
  body: `<Error><Code>AccessDenied</Code><Message>User: arn:aws:iam::123456789012:user/worker is not authorized to perform: ${right} on resource: ${KEY} because no identity-based policy allows the ${right} action</Message></Error>`,
});

test('the key is named that the bucket encrypts with, and nothing stays of the look', async () => {
  await choose({ SSEAlgorithm: 'aws:kms', KMSMasterKeyID: KEY });
  expect(await looked()).toEqual([
    { name: 'Lake', status: 'ok', found: `${URI}, encrypted with ${KEY}` },
  ]);
  expect(await left()).toEqual([]);
  expect(gateway().calls.some((call) => call.includes('partNumber='))).toBe(true);
});

test('a key of the configuration is named instead', async () => {
  const [finding] = await looked({ S3_ENCRYPTION: 'sse-kms', S3_KMS_KEY_ID: 'another' });
  expect(finding).toMatchObject({
    status: 'ok',
    found: expect.stringContaining('another') as string,
  });
});

test('without a key nothing is said of one', async () => {
  await choose({ SSEAlgorithm: 'AES256' });
  expect(await looked()).toEqual([{ name: 'Lake', status: 'ok', found: URI }]);
});

test.each([
  ['begun', isBegun, 'kms:GenerateDataKey'],
  ['sent', isPart, 'kms:Decrypt'],
])('a key that must not be used is told when an object is %s', async (_when, on, right) => {
  gateway().breakOn({ on, fault: denied(right) });
  const [finding] = await looked();
  expect(finding).toMatchObject({
    status: 'missing',
    found: expect.stringContaining(`${right} on resource: ${KEY}`) as string,
    remedy: expect.stringContaining('kms:Decrypt and kms:GenerateDataKey') as string,
  });
  expect(await left()).toEqual([]);
});

test('whoever may not write at all is told so, and nothing of keys', async () => {
  const fault = { ...denied(''), body: '<Error><Code>AccessDenied</Code></Error>' };
  gateway().breakOn({ on: isBegun, fault });
  const [finding] = await looked();
  expect(finding).toMatchObject({
    status: 'missing',
    found: expect.stringContaining('s3:PutObject') as string,
    remedy: expect.stringContaining('policy of the role') as string,
  });
  expect(finding?.remedy).not.toContain('kms');
});
