/** What jobs need of the key that the bucket encrypts with, when that is one of KMS. */
import type { Statement } from './policy-document';
import type { AccountFacts } from './target';

// Of AWS itself: its policy lets everybody in the account use it, by way of S3.
const AWS_ALIAS = 'alias/aws/s3';
const ARN = /^(arn:[^:]+:kms:[^:]*:[^:]*):(.+)$/;

/** Of the ways to name a key that S3 takes: its id, its alias, the ARN of either. */
function keyOf({ partition, region, account }: AccountFacts, named: string) {
  const [, place = `arn:${partition}:kms:${region}:${account}`, name = named] =
    ARN.exec(named) ?? [];
  if (name === AWS_ALIAS) return null;
  // A policy knows a key by its id, or all keys that have the alias at the time.
  if (name.startsWith('alias/')) {
    const conditions = { 'ForAnyValue:StringEquals': { 'kms:ResourceAliases': name } };
    return { resources: [`${place}:key/*`], conditions };
  }
  return { resources: [`${place}:${name.startsWith('key/') ? name : `key/${name}`}`] };
}

/** None without a key of one's own. */
export function keyStatements(facts: AccountFacts): Statement[] {
  const { bucketKey } = facts;
  const key = bucketKey === undefined ? null : keyOf(facts, bucketKey);
  if (key === null) return [];
  return [
    {
      sid: 'UseTheKey',
      purpose:
        'Reads and writes what the bucket encrypts with a key of yours; only there when its default encryption names one.',
      actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
      ...key,
    },
  ];
}
