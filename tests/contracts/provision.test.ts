/** Provisioning against an emulator of AWS: made once, repaired, resumed after a crash, removed when ours. */
import { GetWorkGroupCommand } from '@aws-sdk/client-athena';
import {
  CreateDatabaseCommand,
  CreateTableCommand,
  GetDatabaseCommand,
  GetDatabasesCommand,
  UpdateDatabaseCommand,
} from '@aws-sdk/client-glue';
import {
  CreateRoleCommand,
  DeleteRolePolicyCommand,
  GetRolePolicyCommand,
  ListInstanceProfilesCommand,
  ListRolesCommand,
} from '@aws-sdk/client-iam';
import {
  CreateBucketCommand,
  DeleteBucketPolicyCommand,
  DeleteObjectCommand,
  GetBucketEncryptionCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketPolicyCommand,
  ListBucketsCommand,
  PutBucketEncryptionCommand,
  PutBucketTaggingCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  type ServerSideEncryptionByDefault,
} from '@aws-sdk/client-s3';
import { GLUE_POINTER } from '../../core/aws';
import { isTarget, jsonError, type Rule } from '../support/aws-gateway';
import { BUCKET, useProvisioning } from '../support/provisioning';

const { gateway, open, applyAll, actions, destroyAll, clients, writes } = useProvisioning();

describe('apply', () => {
  test('makes everything, and the second time changes nothing', async () => {
    const before = await actions();
    expect(before.every((each) => each.endsWith(' create'))).toBe(true);
    await applyAll();
    gateway().clear();
    const after = await (await open()).plan();
    expect(after.filter(({ action }) => action !== 'none')).toEqual([]);
    await applyAll();
    expect(writes()).toEqual([]);
  });

  test('makes a bucket that is versioned, encrypted, closed to the public and to plain HTTP', async () => {
    await applyAll();
    const { s3 } = clients();
    const { Rules } = await s3.send(new GetBucketLifecycleConfigurationCommand({ Bucket: BUCKET }));
    expect(Rules?.map(({ ID, Status }) => [ID, Status])).toEqual([
      ['incomplete-uploads', 'Enabled'],
      ['noncurrent-versions', 'Enabled'],
      ['retired-objects', 'Enabled'],
    ]);
    // Only what is tagged may expire while it is current.
    const expiring = Rules?.filter(({ Expiration }) => Expiration?.Days !== undefined);
    expect(expiring?.map(({ Filter }) => Filter?.Tag?.Key)).toEqual(['watchlake-retired']);
    const { Policy = '' } = await s3.send(new GetBucketPolicyCommand({ Bucket: BUCKET }));
    expect(JSON.parse(Policy)).toMatchObject({
      Statement: [{ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }],
    });
    const found = await (await open()).plan();
    expect(found[0]).toMatchObject({ kind: 'bucket', action: 'none', changes: [] });
  });

  test('limits what a query may read, and sends its results into the bucket', async () => {
    await applyAll();
    const request = new GetWorkGroupCommand({ WorkGroup: 'watchlake-research' });
    const { WorkGroup } = await clients().athena.send(request);
    expect(WorkGroup?.Configuration).toMatchObject({
      BytesScannedCutoffPerQuery: 10_000_000_000,
      EnforceWorkGroupConfiguration: true,
      ResultConfiguration: { OutputLocation: `s3://${BUCKET}/athena/results/` },
    });
    expect((await actions({ queryLimitGb: 20 })).at(-1)).toBe('workgroup update');
    await applyAll({ queryLimitGb: 20 });
    const { WorkGroup: raised } = await clients().athena.send(request);
    expect(raised?.Configuration?.BytesScannedCutoffPerQuery).toBe(20_000_000_000);
    expect((await actions({ queryLimitGb: 20 })).at(-1)).toBe('workgroup none');
  });

  test('repairs what somebody has changed by hand, and says what', async () => {
    await applyAll();
    const { s3, iam } = clients();
    const role = { RoleName: 'watchlake-research-glue', PolicyName: 'lake' };
    await s3.send(
      new PutBucketVersioningCommand({
        Bucket: BUCKET,
        VersioningConfiguration: { Status: 'Suspended' },
      }),
    );
    await s3.send(new DeleteBucketPolicyCommand({ Bucket: BUCKET }));
    await iam.send(new DeleteRolePolicyCommand(role));
    const changed = (await (await open()).plan()).filter(({ action }) => action === 'update');
    expect(
      changed.map(({ name, changes }) => [name, changes.map((each) => each.property)]),
    ).toEqual([
      [BUCKET, ['versioning', 'policy']],
      [role.RoleName, ['policies']],
    ]);
    expect(changed[0]?.changes[0]).toEqual({
      property: 'versioning',
      from: 'Suspended',
      to: 'Enabled',
    });
    await applyAll();
    expect((await actions()).every((each) => each.endsWith(' none'))).toBe(true);
    expect((await iam.send(new GetRolePolicyCommand(role))).PolicyName).toBe('lake');
  });

  test('keeps the tags that others have put on the bucket', async () => {
    await applyAll();
    const tags = [
      { Key: 'cost-centre', Value: '42' },
      { Key: 'watchlake-environment', Value: 'research' },
    ];
    const { s3 } = clients();
    await s3.send(new PutBucketTaggingCommand({ Bucket: BUCKET, Tagging: { TagSet: tags } }));
    expect((await actions())[0]).toBe('bucket none');
  });

  test('encrypts the bucket, and takes back no key that others have chosen for it', async () => {
    await applyAll();
    const { s3 } = clients();
    const chosen = async () =>
      (await s3.send(new GetBucketEncryptionCommand({ Bucket: BUCKET })))
        .ServerSideEncryptionConfiguration?.Rules?.[0]?.ApplyServerSideEncryptionByDefault;
    expect(await chosen()).toMatchObject({ SSEAlgorithm: 'AES256' });
    const theirs = { SSEAlgorithm: 'aws:kms' as const, KMSMasterKeyID: 'alias/research' };
    const Rules = [{ ApplyServerSideEncryptionByDefault: theirs }];
    const ServerSideEncryptionConfiguration = { Rules };
    const put = { Bucket: BUCKET, ServerSideEncryptionConfiguration };
    await s3.send(new PutBucketEncryptionCommand(put));
    expect((await actions())[0]).toBe('bucket none');
    await applyAll();
    expect(await chosen()).toMatchObject(theirs);
  });

  test('gives jobs the key that others have chosen for the bucket, and takes it back with the choice', async () => {
    await applyAll();
    const { s3, iam } = clients();
    const key = 'arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab';
    const choose = (ApplyServerSideEncryptionByDefault: ServerSideEncryptionByDefault) => {
      const ServerSideEncryptionConfiguration = { Rules: [{ ApplyServerSideEncryptionByDefault }] };
      const put = { Bucket: BUCKET, ServerSideEncryptionConfiguration };
      return s3.send(new PutBucketEncryptionCommand(put));
    };
    const roles = ['watchlake-research-glue', 'watchlake-research-emr-instance'];
    const keysOf = async (RoleName: string) => {
      const request = new GetRolePolicyCommand({ RoleName, PolicyName: 'lake' });
      const { PolicyDocument = '' } = await iam.send(request);
      const { Statement } = JSON.parse(decodeURIComponent(PolicyDocument)) as {
        Statement: { Sid: string; Resource: string }[];
      };
      return Statement.filter(({ Sid }) => Sid === 'UseTheKey').map(({ Resource }) => Resource);
    };
    await choose({ SSEAlgorithm: 'aws:kms', KMSMasterKeyID: key });
    const changed = (await (await open()).plan()).filter(({ action }) => action !== 'none');
    expect(changed.map(({ name }) => name)).toEqual(roles);
    for (const { changes } of changed) {
      expect(changes).toMatchObject([{ to: expect.stringContaining(key) as string }]);
    }
    await applyAll();
    for (const role of roles) expect(await keysOf(role)).toEqual([key]);
    expect((await actions()).every((each) => each.endsWith(' none'))).toBe(true);
    await choose({ SSEAlgorithm: 'aws:kms' });
    await applyAll();
    for (const role of roles) expect(await keysOf(role)).toEqual([]);
  });

  test('keeps what others have set on a database', async () => {
    await applyAll();
    const { glue } = clients();
    const Name = 'stedi-human-balance-analytics';
    const LocationUri = 's3://elsewhere/default/';
    const others = { 'cost-centre': '42', 'watchlake-environment': 'research' };
    const DatabaseInput = { Name, Description: 'by hand', LocationUri, Parameters: others };
    await glue.send(new UpdateDatabaseCommand({ Name, DatabaseInput }));
    expect(await actions()).toContain('database update');
    await applyAll();
    const { Database } = await glue.send(new GetDatabaseCommand({ Name }));
    expect(Database).toMatchObject({
      Description: 'Tables of Watchlake (research)',
      LocationUri,
      Parameters: others,
    });
  });

  // A call of each resource breaks off for good: what was made before it stays, and is found again.
  const BREAKING: readonly [string, Rule['on']][] = [
    ['the tag of the bucket', ({ method, url }) => method === 'PUT' && url.includes('tagging')],
    ['the policy of the bucket', ({ method, url }) => method === 'PUT' && url.includes('policy')],
    ['CreateDatabase', isTarget('AWSGlue.CreateDatabase')],
    ['PutRolePolicy', isTarget('PutRolePolicy')],
    ['AttachRolePolicy', isTarget('AttachRolePolicy')],
    ['AddRoleToInstanceProfile', isTarget('AddRoleToInstanceProfile')],
    ['CreateWorkGroup', isTarget('AmazonAthena.CreateWorkGroup')],
  ];

  test('goes on after a crash at any of its calls', async () => {
    for (const [at, on] of BREAKING) {
      gateway().breakOn({ on, fault: 'reset', times: 99 });
      const crash = await applyAll().catch((error: unknown) => error);
      expect([at, crash]).toMatchObject([at, { code: 'AWS_UNAVAILABLE', retryable: true }]);
      gateway().clear();
    }
    await applyAll();
    expect((await actions()).every((each) => each.endsWith(' none'))).toBe(true);
  });
});

describe('what is not ours', () => {
  const foreign = { code: 'RESOURCE_FOREIGN' };

  test.each([
    [
      'a bucket with data',
      async () => {
        const { s3 } = clients();
        await s3.send(
          new CreateBucketCommand({
            Bucket: BUCKET,
            CreateBucketConfiguration: { LocationConstraint: 'eu-central-1' },
          }),
        );
        await s3.send(new PutObjectCommand({ Bucket: BUCKET, Key: 'x', Body: 'theirs' }));
      },
    ],
    [
      'a role',
      async () => {
        const RoleName = 'watchlake-research-glue';
        await clients().iam.send(
          new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: '{"Version":"2012-10-17"}' }),
        );
      },
    ],
    [
      'a database',
      async () => {
        const DatabaseInput = { Name: 'stedi-human-balance-analytics' };
        await clients().glue.send(new CreateDatabaseCommand({ DatabaseInput }));
      },
    ],
  ])('is not touched: %s', async (_what, make) => {
    await make();
    await expect(actions()).rejects.toMatchObject(foreign);
    gateway().clear();
    await expect(applyAll()).rejects.toMatchObject(foreign);
    expect(writes()).toEqual([]);
    expect(await destroyAll(true)).toEqual([]);
    expect(writes()).toEqual([]);
  });

  test('is not adopted when it is made between the look and the making', async () => {
    const name = 'stedi-human-balance-analytics';
    const { glue } = clients();
    const Parameters = { owner: 'somebody' };
    const provisioning = await open();
    await glue.send(new CreateDatabaseCommand({ DatabaseInput: { Name: name, Parameters } }));
    // The look was a moment too early.
    const early = jsonError(400, 'EntityNotFoundException');
    gateway().breakOn({ on: isTarget('AWSGlue.GetDatabase'), fault: early });
    const applied = provisioning.apply({ kind: 'database', name });
    await expect(applied).rejects.toMatchObject(foreign);
    const { Database } = await glue.send(new GetDatabaseCommand({ Name: name }));
    expect(Database?.Parameters).toEqual(Parameters);
  });

  test('of another environment of ours stays when this one goes', async () => {
    const other = {
      environment: 'production',
      bucket: 'stedi-lake-production',
      databases: ['prod'],
    };
    await applyAll(other);
    await applyAll();
    await destroyAll();
    expect((await actions(other)).every((each) => each.endsWith(' none'))).toBe(true);
    expect((await actions()).every((each) => each.endsWith(' create'))).toBe(true);
  });
});

describe('destroy', () => {
  /** The emulator reads a policy without its conditions, and would let nobody in. */
  const openUp = () => clients().s3.send(new DeleteBucketPolicyCommand({ Bucket: BUCKET }));
  const put = (Key: string) =>
    clients().s3.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body: Key }));

  test('removes everything that was made, and is done when it is repeated', async () => {
    await applyAll();
    const removed = await destroyAll();
    expect(removed.map(({ kind }) => kind)).toEqual([
      'workgroup',
      'instance-profile',
      ...['role', 'role', 'role'],
      'database',
      'bucket',
    ]);
    const { s3, iam, glue } = clients();
    expect((await s3.send(new ListBucketsCommand({}))).Buckets).toEqual([]);
    expect((await iam.send(new ListRolesCommand({}))).Roles).toEqual([]);
    expect((await iam.send(new ListInstanceProfilesCommand({}))).InstanceProfiles).toEqual([]);
    expect((await glue.send(new GetDatabasesCommand({}))).DatabaseList).toEqual([]);
    expect(await destroyAll()).toEqual([]);
  });

  test('refuses a bucket with data, even when only old versions are left of it', async () => {
    await applyAll();
    await openUp();
    await put('curated/x');
    await clients().s3.send(new DeleteObjectCommand({ Bucket: BUCKET, Key: 'curated/x' }));
    gateway().clear();
    await expect(destroyAll()).rejects.toMatchObject({ code: 'RESOURCE_HOLDS_DATA' });
    expect(writes()).toEqual([]);
  });

  test('takes the data along when it is told to: every version', async () => {
    await applyAll();
    await openUp();
    for (const key of ['a', 'b', 'a', 'c']) await put(key);
    await clients().s3.send(new DeleteObjectCommand({ Bucket: BUCKET, Key: 'b' }));
    const provisioning = await open();
    expect(await provisioning.emptyBucket({})).toBe(5);
    await destroyAll(true);
    expect((await clients().s3.send(new ListBucketsCommand({}))).Buckets).toEqual([]);
  });

  test('refuses a database with tables, and always one with tables of others', async () => {
    await applyAll();
    const table = (Name: string, Parameters: Record<string, string>) =>
      clients().glue.send(
        new CreateTableCommand({
          DatabaseName: 'stedi-human-balance-analytics',
          TableInput: { Name, Parameters },
        }),
      );
    await table('ours', { [GLUE_POINTER]: '{}' });
    await expect(destroyAll()).rejects.toMatchObject({ code: 'RESOURCE_HOLDS_DATA' });
    await table('theirs', {});
    await expect(destroyAll(true)).rejects.toMatchObject({
      code: 'RESOURCE_FOREIGN',
      message: expect.stringContaining('theirs') as string,
    });
    expect((await actions()).every((each) => each.endsWith(' none'))).toBe(true);
  });

  test('goes on after a crash in the middle', async () => {
    await applyAll();
    for (const target of ['DeleteRole', 'AWSGlue.DeleteDatabase']) {
      gateway().breakOn({ on: isTarget(target), fault: 'reset', times: 99 });
      const crash = await destroyAll().catch((error: unknown) => error);
      expect([target, crash]).toMatchObject([target, { code: 'AWS_UNAVAILABLE' }]);
      gateway().clear();
    }
    await destroyAll();
    expect((await actions()).every((each) => each.endsWith(' create'))).toBe(true);
  });
});
