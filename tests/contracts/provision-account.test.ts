/** What provisioning meets in accounts that others use as well: long lists, and buckets in other regions. */
import {
  AttachRolePolicyCommand,
  CreatePolicyCommand,
  ListAttachedRolePoliciesCommand,
} from '@aws-sdk/client-iam';
import { useProvisioning } from '../support/provisioning';

const { gateway, open, applyAll, actions, clients } = useProvisioning();

// One page of IAM holds a hundred.
const MANY = 101;

test('every managed policy that somebody has attached to a role is taken off, however many', async () => {
  await applyAll();
  const { iam } = clients();
  const RoleName = 'watchlake-research-glue';
  const PolicyDocument = JSON.stringify({
    Version: '2012-10-17',
    Statement: { Effect: 'Allow', Action: 's3:ListBucket', Resource: 'arn:aws:s3:::theirs' },
  });
  for (let at = 0; at < MANY; at += 1) {
    const request = new CreatePolicyCommand({ PolicyName: `others-${at}`, PolicyDocument });
    const { Policy } = await iam.send(request);
    await iam.send(new AttachRolePolicyCommand({ RoleName, PolicyArn: Policy?.Arn }));
  }
  await applyAll();
  const left = await iam.send(new ListAttachedRolePoliciesCommand({ RoleName }));
  expect(left.AttachedPolicies).toEqual([]);
  expect((await actions()).every((each) => each.endsWith(' none'))).toBe(true);
});

test('a bucket in another region is told with the region to give', async () => {
  const elsewhere = { status: 301, headers: { 'x-amz-bucket-region': 'eu-north-1' }, body: '' };
  // Whichever call comes first, of those that S3 answers so.
  for (const asked of ['HEAD', 'GET']) {
    gateway().clear();
    gateway().breakOn({ on: ({ method }) => method === asked, fault: elsewhere });
    const planned = open().then((provisioning) => provisioning.plan());
    await expect(planned).rejects.toMatchObject({
      code: 'BUCKET_ELSEWHERE',
      message: expect.stringContaining('eu-north-1') as string,
      remedy: expect.stringContaining('--region') as string,
    });
  }
});
