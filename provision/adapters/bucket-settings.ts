/** One setting of a bucket at a time: read in the form in which it is declared, and put. */
import {
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
import { ownStatements, withOwnStatements } from '../policy-document';
import type { Json } from '../resource';
import { ENVIRONMENT_TAG } from '../target';
import { orNull } from './absent';
import { encryptionOf } from './bucket-encryption';
import { ownRules, withOwnRules } from './lifecycle-rules';

export interface BucketSetting {
  /** Of what others may add to, the part that is `declared`. */
  read(s3: S3Client, bucket: string, declared: Json): Promise<Json>;
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

const lifecycleOf = (s3: S3Client, Bucket: string) =>
  orNull('s3:GetLifecycleConfiguration', ['NoSuchLifecycleConfiguration'], () =>
    s3.send(new GetBucketLifecycleConfigurationCommand({ Bucket })),
  );

async function policyOf(s3: S3Client, Bucket: string): Promise<Json> {
  const found = await orNull('s3:GetBucketPolicy', ['NoSuchBucketPolicy'], () =>
    s3.send(new GetBucketPolicyCommand({ Bucket })),
  );
  return found?.Policy === undefined ? null : (JSON.parse(found.Policy) as Json);
}

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
      // Every algorithm that there is: a key of one's own is not taken back.
      return (await encryptionOf(s3, Bucket))?.SSEAlgorithm ? 'at least SSE-S3' : null;
    },
    put: (s3, Bucket) => {
      const Rules = [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' as const } }];
      return s3.send(
        new PutBucketEncryptionCommand({ Bucket, ServerSideEncryptionConfiguration: { Rules } }),
      );
    },
  },
  // The whole configuration is replaced: rules that others have added are given again as they are.
  lifecycle: {
    async read(s3, bucket, declared) {
      return ownRules((await lifecycleOf(s3, bucket))?.Rules ?? [], declared);
    },
    async put(s3, Bucket, value) {
      const { Rules = [], TransitionDefaultMinimumObjectSize } =
        (await lifecycleOf(s3, Bucket)) ?? {};
      const LifecycleConfiguration = { Rules: withOwnRules(Rules, value) };
      return s3.send(
        new PutBucketLifecycleConfigurationCommand({
          ...{ Bucket, LifecycleConfiguration, TransitionDefaultMinimumObjectSize },
        }),
      );
    },
  },
  // The same with statements.
  policy: {
    read: async (s3, bucket, declared) => ownStatements(await policyOf(s3, bucket), declared),
    async put(s3, Bucket, value) {
      const Policy = JSON.stringify(withOwnStatements(await policyOf(s3, Bucket), value));
      return s3.send(new PutBucketPolicyCommand({ Bucket, Policy }));
    },
  },
};
