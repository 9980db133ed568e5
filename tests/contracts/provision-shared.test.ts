/** A bucket that others look after as well: what they have added to it stays, what is ours is set right. */
import {
  GetBucketLifecycleConfigurationCommand,
  GetBucketPolicyCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketPolicyCommand,
  type LifecycleRule,
} from '@aws-sdk/client-s3';
import { BUCKET, useProvisioning } from '../support/provisioning';

const { open, applyAll, actions, clients } = useProvisioning();
beforeEach(() => applyAll());

const rules = async (): Promise<LifecycleRule[]> => {
  const request = new GetBucketLifecycleConfigurationCommand({ Bucket: BUCKET });
  return (await clients().s3.send(request)).Rules ?? [];
};
const putRules = (Rules: LifecycleRule[]) =>
  clients().s3.send(
    new PutBucketLifecycleConfigurationCommand({
      Bucket: BUCKET,
      LifecycleConfiguration: { Rules },
    }),
  );

interface Document {
  readonly Version: string;
  readonly Id?: string;
  readonly Statement: { readonly Sid?: string; readonly Effect: string }[] | { Sid?: string };
}

const policy = async (): Promise<Document> => {
  const { Policy = '' } = await clients().s3.send(new GetBucketPolicyCommand({ Bucket: BUCKET }));
  return JSON.parse(Policy) as Document;
};
const putPolicy = (document: object) =>
  clients().s3.send(
    new PutBucketPolicyCommand({ Bucket: BUCKET, Policy: JSON.stringify(document) }),
  );

const changed = async () => (await (await open()).plan())[0]?.changes.map((each) => each.property);

const ARCHIVE: LifecycleRule = {
  ID: 'archive-of-the-house',
  Status: 'Enabled',
  Filter: { Prefix: 'landing/' },
  Transitions: [{ Days: 90, StorageClass: 'GLACIER' }],
};

describe('lifecycle rules of others', () => {
  test('stay as they are, and are no difference', async () => {
    const ours = await rules();
    await putRules([ARCHIVE, ...ours]);
    const before = await rules();
    expect((await actions())[0]).toBe('bucket none');
    await applyAll();
    expect(await rules()).toEqual(before);
  });

  test('stay when one of ours is set right, which takes its former place', async () => {
    const [first, ...rest] = await rules();
    const longer = { AbortIncompleteMultipartUpload: { DaysAfterInitiation: 99 } };
    await putRules([{ ...(first as LifecycleRule), ...longer }, ARCHIVE, ...rest]);
    expect(await changed()).toEqual(['lifecycle']);
    await applyAll();
    const after = await rules();
    expect(after.map(({ ID }) => ID).sort()).toEqual([
      'archive-of-the-house',
      'incomplete-uploads',
      'noncurrent-versions',
      'retired-objects',
    ]);
    expect(after.find(({ ID }) => ID === ARCHIVE.ID)).toMatchObject(ARCHIVE);
    expect(after.find(({ ID }) => ID === first?.ID)).toEqual(first);
    expect((await actions())[0]).toBe('bucket none');
  });

  test('stay when all of ours have gone', async () => {
    await putRules([ARCHIVE]);
    await applyAll();
    expect((await rules()).map(({ ID }) => ID)).toEqual([
      'archive-of-the-house',
      'incomplete-uploads',
      'noncurrent-versions',
      'retired-objects',
    ]);
  });
});

describe('policy statements of others', () => {
  const principal = { AWS: 'arn:aws:iam::123456789012:root' };
  const share = {
    Effect: 'Allow',
    Principal: principal,
    Action: 's3:GetObject',
    Resource: `arn:aws:s3:::${BUCKET}/curated/*`,
  };

  test('stay as they are, also without a Sid, and are no difference', async () => {
    const { Statement } = await policy();
    const theirs = [share, { ...share, Sid: 'Audit', Action: 's3:GetObjectAcl' }];
    const before = { Version: '2008-10-17', Id: 'by-hand', Statement: [...theirs, Statement] };
    await putPolicy({ ...before, Statement: before.Statement.flat() });
    expect((await actions())[0]).toBe('bucket none');
    await applyAll();
    expect(await policy()).toMatchObject({ Id: 'by-hand', Statement: before.Statement.flat() });
  });

  test('stay when ours is missing or was changed', async () => {
    const [ours] = [(await policy()).Statement].flat();
    for (const left of [[], [{ ...ours, Effect: 'Allow', Principal: principal }]]) {
      await putPolicy({ Version: '2008-10-17', Id: 'by-hand', Statement: [share, ...left] });
      expect(await changed()).toEqual(['policy']);
      await applyAll();
      expect(await policy()).toEqual({
        Version: '2008-10-17',
        Id: 'by-hand',
        Statement: [share, ours],
      });
      expect((await actions())[0]).toBe('bucket none');
    }
  });
});
