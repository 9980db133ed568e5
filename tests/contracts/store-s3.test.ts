/** The store in a bucket of S3 keeps the contract of stores, and what only such a store promises. */
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  CreateBucketCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  ListObjectVersionsCommand,
} from '@aws-sdk/client-s3';
import { RETIRED_TAG } from '../../core/aws';
import { createS3Store } from '../../lakehouse/stores/s3';
import { examineBucket } from '../../lakehouse/stores/s3/examine';
import { BUCKET, useS3 } from '../support/s3';
import { storeContract } from './store-contract';

const MIB = 1024 * 1024;

const s3 = useS3();

storeContract('on S3', () => s3.store());

async function fileOf(content: Uint8Array): Promise<string> {
  const path = join(await s3.folder(), 'made');
  await writeFile(path, content);
  return path;
}

const headOf = async (prefix: string, key: string) =>
  s3.client().send(new HeadObjectCommand({ Bucket: BUCKET, Key: `${prefix}${key}` }));

test('objects are encrypted as it was asked for, whichever way they come', async () => {
  const options = await s3.options({
    encryption: 'sse-kms',
    kmsKeyId: 'a-key',
    partBytes: 5 * MIB,
  });
  const store = createS3Store({ ...options, copy: { limitBytes: 6 * MIB, partBytes: 5 * MIB } });
  await store.put('small', 'text');
  await store.adopt('large', await fileOf(randomBytes(6 * MIB + 1)));
  await store.copy('small', 'copy');
  await store.copy('large', 'copy-in-parts');
  for (const key of ['small', 'large', 'copy', 'copy-in-parts']) {
    const { ServerSideEncryption, SSEKMSKeyId } = await headOf(options.prefix, key);
    expect({ key, ServerSideEncryption, SSEKMSKeyId }).toMatchObject({
      ServerSideEncryption: 'aws:kms',
      SSEKMSKeyId: expect.stringContaining('a-key') as string,
    });
  }
  const [original, copy] = [await store.get('large'), await store.get('copy-in-parts')];
  expect(original.equals(copy)).toBe(true);
});

test('what was written in parts and copied at once is read with a checksum of its own', async () => {
  const store = createS3Store(await s3.options({ partBytes: 5 * MIB }));
  const content = randomBytes(6 * MIB + 1);
  await store.adopt('large', await fileOf(content));
  await store.copy('large', 'copy-at-once');
  expect((await store.get('copy-at-once')).equals(content)).toBe(true);
});

test('what is given up carries the tag of the lifecycle rule, and a copy of it does not', async () => {
  const options = await s3.options();
  const store = createS3Store(options);
  await store.put('old', 'text');
  await store.retire('old');
  await store.copy('old', 'rescued');
  const tagsOf = async (key: string) => {
    const place = { Bucket: BUCKET, Key: `${options.prefix}${key}` };
    return (await s3.client().send(new GetObjectTaggingCommand(place))).TagSet;
  };
  expect(await tagsOf('old')).toEqual([{ Key: RETIRED_TAG.key, Value: RETIRED_TAG.value }]);
  expect(await tagsOf('rescued')).toEqual([]);
});

test('no version is left of what is removed for good, and all of what lies beside it', async () => {
  const options = await s3.options();
  const store = createS3Store(options);
  for (const key of ['person/1', 'person/1-other', 'person/2', 'else']) {
    for (const content of ['older', 'newer']) await store.put(key, content);
    await store.remove(key);
  }
  const versions = async () => {
    const request = { Bucket: BUCKET, Prefix: options.prefix };
    const page = await s3.client().send(new ListObjectVersionsCommand(request));
    const all = [...(page.Versions ?? []), ...(page.DeleteMarkers ?? [])];
    return all.map(({ Key = '' }) => Key.slice(options.prefix.length)).sort();
  };
  expect(await versions()).toHaveLength(12);
  expect(await store.removeVersions('person/1')).toEqual({ objects: 3, bytes: 10 });
  expect(await versions()).toHaveLength(9);
  expect(await store.removeAllVersions('person/')).toEqual({ objects: 6, bytes: 20 });
  expect(await versions()).toEqual(['else', 'else', 'else']);
});

test('more objects than one answer holds are listed, and removed, to the last', async () => {
  const store = await s3.store();
  const names = Array.from({ length: 120 }, (_, index) => `many/${String(index).padStart(3, '0')}`);
  await Promise.all(names.map((name) => store.put(name, '')));
  const keys: string[] = [];
  for await (const { key } of store.list('many/')) keys.push(key);
  expect(keys).toEqual(names);
  expect((await store.removeAllVersions('many/')).objects).toBe(names.length);
});

test('a local copy of what was removed on another machine is not given out, and goes', async () => {
  const options = await s3.options();
  const here = createS3Store(options);
  const elsewhere = createS3Store({ ...options, cacheFolder: await s3.folder() });
  await here.put('rows', 'personal');
  const path = await here.localPath('rows');
  await elsewhere.removeAllVersions('rows');
  await expect(here.localPath('rows')).rejects.toMatchObject({ code: 'OBJECT_NOT_FOUND' });
  await here.sweep(60_000);
  await expect(readFile(path)).rejects.toMatchObject({ code: 'ENOENT' });
});

test('a bucket is looked at without being changed', async () => {
  const access = { aws: s3.aws().client, pathStyle: true };
  const Bucket = 'watchlake-unversioned';
  const CreateBucketConfiguration = { LocationConstraint: 'eu-central-1' } as const;
  await s3.client().send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration }));
  expect(await examineBucket(`s3://${BUCKET}/lake`, access)).toMatchObject({ versioned: true });
  expect(await examineBucket(`s3://${Bucket}`, access)).toMatchObject({ versioned: false });
  await expect(examineBucket('s3://watchlake-nowhere', access)).rejects.toMatchObject({
    code: 'BUCKET_NOT_FOUND',
  });
});
