/** One setting of a bucket at a time: read in the form in which it is declared, and put. */
import {
  GetBucketEncryptionCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketOwnershipControlsCommand,
  GetBucketPolicyCommand,
  GetBucketTaggingCommand,
  GetBucketVersioningCommand,
  GetPublicAccessBlockCommand,
  PutBucketEncryptionCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketOwnershipControlsCommand,
  PutBucketPolicyCommand,
  PutBucketTaggingCommand,
  PutBucketVersioningCommand,
  PutPublicAccessBlockCommand,
  type BucketVersioningStatus,
  type ObjectOwnership,
  type S3Client,
  type Tag,
} from '@aws-sdk/client-s3';
import { parsedDocument } from '../policy-document';
import type { Json } from '../resource';
import { ENVIRONMENT_TAG } from '../target';
import { orNull } from './absent';
import { lifecycleRule, ruleFacts, type RuleFacts } from './lifecycle-rules';

export interface BucketSetting {
  read(s3: S3Client, bucket: string): Promise<Json>;
  put(s3: S3Client, bucket: string, value: Json): Promise<unknown>;
}

const BLOCKED = {
  BlockPublicAcls: true,
  IgnorePublicAcls: true,
  BlockPublicPolicy: true,
  RestrictPublicBuckets: true,
};

export async function tagsOf(s3: S3Client, Bucket: string): Promise<Tag[]> {
  const found = await orNull('s3:GetBucketTagging', ['NoSuchTagSet'], () =>
    s3.send(new GetBucketTaggingCommand({ Bucket })),
  );
  return found?.TagSet ?? [];
}

export const environmentIn = (tags: readonly Tag[]): string | null =>
  tags.find(({ Key }) => Key === ENVIRONMENT_TAG)?.Value ?? null;

/** In the order in which they are set: whose it is comes first. */
export const BUCKET_SETTINGS: Readonly<Record<string, BucketSetting>> = {
  tag: {
    read: async (s3, bucket) => environmentIn(await tagsOf(s3, bucket)),
    // The whole set is replaced: what others have added stays.
    async put(s3, Bucket, value) {
      const others = (await tagsOf(s3, Bucket)).filter(({ Key }) => Key !== ENVIRONMENT_TAG);
      const TagSet = [...others, { Key: ENVIRONMENT_TAG, Value: value as string }];
      return s3.send(new PutBucketTaggingCommand({ Bucket, Tagging: { TagSet } }));
    },
  },
  publicAccess: {
    async read(s3, Bucket) {
      const found = await orNull(
        's3:GetPublicAccessBlock',
        ['NoSuchPublicAccessBlockConfiguration'],
        () => s3.send(new GetPublicAccessBlockCommand({ Bucket })),
      );
      const present = found?.PublicAccessBlockConfiguration ?? {};
      return Object.keys(BLOCKED).every((name) => present[name as keyof typeof BLOCKED])
        ? 'blocked'
        : 'not blocked';
    },
    put: (s3, Bucket) =>
      s3.send(new PutPublicAccessBlockCommand({ Bucket, PublicAccessBlockConfiguration: BLOCKED })),
  },
  ownership: {
    async read(s3, Bucket) {
      const found = await orNull(
        's3:GetBucketOwnershipControls',
        ['OwnershipControlsNotFoundError'],
        () => s3.send(new GetBucketOwnershipControlsCommand({ Bucket })),
      );
      return found?.OwnershipControls?.Rules?.[0]?.ObjectOwnership ?? null;
    },
    put: (s3, Bucket, value) => {
      const Rules = [{ ObjectOwnership: value as ObjectOwnership }];
      return s3.send(
        new PutBucketOwnershipControlsCommand({ Bucket, OwnershipControls: { Rules } }),
      );
    },
  },
  versioning: {
    read: async (s3, Bucket) =>
      (await s3.send(new GetBucketVersioningCommand({ Bucket }))).Status ?? null,
    put: (s3, Bucket, value) => {
      const VersioningConfiguration = { Status: value as BucketVersioningStatus };
      return s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
    },
  },
  encryption: {
    async read(s3, Bucket) {
      const found = await orNull(
        's3:GetEncryptionConfiguration',
        ['ServerSideEncryptionConfigurationNotFoundError'],
        () => s3.send(new GetBucketEncryptionCommand({ Bucket })),
      );
      const [rule] = found?.ServerSideEncryptionConfiguration?.Rules ?? [];
      // Every algorithm that there is: a key of one's own is not taken back.
      return rule?.ApplyServerSideEncryptionByDefault?.SSEAlgorithm ? 'at least SSE-S3' : null;
    },
    put: (s3, Bucket) => {
      const Rules = [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' as const } }];
      return s3.send(
        new PutBucketEncryptionCommand({ Bucket, ServerSideEncryptionConfiguration: { Rules } }),
      );
    },
  },
  lifecycle: {
    async read(s3, Bucket) {
      const found = await orNull(
        's3:GetLifecycleConfiguration',
        ['NoSuchLifecycleConfiguration'],
        () => s3.send(new GetBucketLifecycleConfigurationCommand({ Bucket })),
      );
      return found === null ? null : (found.Rules ?? []).map(ruleFacts);
    },
    put: (s3, Bucket, value) => {
      const Rules = (value as unknown as RuleFacts[]).map(lifecycleRule);
      return s3.send(
        new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration: { Rules } }),
      );
    },
  },
  policy: {
    async read(s3, Bucket) {
      const found = await orNull('s3:GetBucketPolicy', ['NoSuchBucketPolicy'], () =>
        s3.send(new GetBucketPolicyCommand({ Bucket })),
      );
      return found?.Policy === undefined ? null : parsedDocument(found.Policy);
    },
    put: (s3, Bucket, value) =>
      s3.send(new PutBucketPolicyCommand({ Bucket, Policy: JSON.stringify(value) })),
  },
};
