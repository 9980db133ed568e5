/** Stores and lakes in buckets of the emulator, each under a prefix of its own. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateBucketCommand, PutBucketVersioningCommand, S3Client } from '@aws-sdk/client-s3';
import { openLake, type Lake } from '../../lakehouse/lake';
import type { Store } from '../../lakehouse/ports';
import { createS3Store, type S3StoreOptions } from '../../lakehouse/stores/s3';
import type { AwsEmulator } from './aws-emulator';
import { useAwsEmulator } from './aws-emulator';
import { BUCKET } from './s3-names';

export { BUCKET };
const REGION = 'eu-central-1';

export interface TestS3 {
  aws(): AwsEmulator;
  client(): S3Client;
  /** Options of a store that nobody else uses. */
  options(changes?: Partial<S3StoreOptions>): Promise<S3StoreOptions>;
  store(changes?: Partial<S3StoreOptions>): Promise<Store>;
  lake(changes?: Partial<S3StoreOptions>): Promise<Lake>;
  /** A local folder that goes with the tests. */
  folder(): Promise<string>;
}

/** A versioned bucket for the tests of a file. */
export function useS3(): TestS3 {
  const aws = useAwsEmulator();
  const folders: string[] = [];
  const client = () => new S3Client({ ...aws().client, forcePathStyle: true });
  beforeAll(async () => {
    const Bucket = BUCKET;
    const CreateBucketConfiguration = { LocationConstraint: REGION } as const;
    await client().send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration }));
    const VersioningConfiguration = { Status: 'Enabled' } as const;
    await client().send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
  });
  afterAll(async () => {
    for (const folder of folders) await rm(folder, { recursive: true, force: true });
  });
  const folder = async () => {
    const made = await mkdtemp(join(tmpdir(), 'watchlake-s3-'));
    folders.push(made);
    return made;
  };
  const options = async (changes: Partial<S3StoreOptions> = {}): Promise<S3StoreOptions> => ({
    bucket: BUCKET,
    prefix: `${randomBytes(4).toString('hex')}/`,
    aws: aws().client,
    pathStyle: true,
    cacheFolder: await folder(),
    cacheBytes: 2 ** 30,
    ...changes,
  });
  const store = async (changes?: Partial<S3StoreOptions>) => createS3Store(await options(changes));
  const lake = async (changes?: Partial<S3StoreOptions>) => {
    const { bucket, prefix, ...s3 } = await options(changes);
    return openLake({ uri: `s3://${bucket}/${prefix}`, s3, duckdb: { memoryLimit: '256MB' } });
  };
  return { aws, client, options, store, lake, folder };
}
