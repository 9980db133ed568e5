/** Provisioning against an emulator of AWS, which each test finds empty. */
import { AthenaClient } from '@aws-sdk/client-athena';
import { EC2Client } from '@aws-sdk/client-ec2';
import { GlueClient } from '@aws-sdk/client-glue';
import { IAMClient } from '@aws-sdk/client-iam';
import { S3Client } from '@aws-sdk/client-s3';
import { awsClientConfig } from '../../core/aws';
import { openProvisioning, type Provisioning } from '../../provision/provision';
import type { ResourceName } from '../../provision/resource';
import type { Target } from '../../provision/target';
import { useAwsEmulator } from './aws-emulator';
import { useAwsGateway } from './aws-gateway';
import { athenaWorkGroups } from './aws-guarantees';

export const BUCKET = 'stedi-lake-test';

const target = (changes: Partial<Target> = {}): Target => ({
  environment: 'research',
  bucket: BUCKET,
  prefix: '',
  databases: ['stedi-human-balance-analytics'],
  queryLimitGb: 10,
  ...changes,
});

// What breaks off here breaks off for good: more tries would only be waited for.
const IMPATIENT = { maxAttempts: 2 };

export function useProvisioning() {
  const aws = useAwsEmulator();
  const gateway = useAwsGateway(aws, [athenaWorkGroups()]);
  const opened: Provisioning[] = [];
  beforeEach(() => aws().reset());
  afterEach(() => opened.splice(0).forEach((each) => each.close()));

  async function open(changes: Partial<Target> = {}): Promise<Provisioning> {
    const aws = { ...gateway().client, ...IMPATIENT };
    const provisioning = await openProvisioning(target(changes), aws);
    opened.push(provisioning);
    return provisioning;
  }

  async function applyAll(changes: Partial<Target> = {}): Promise<void> {
    const provisioning = await open(changes);
    for (const resource of await provisioning.plan()) await provisioning.apply(resource);
  }

  const actions = async (changes: Partial<Target> = {}): Promise<string[]> =>
    (await (await open(changes)).plan()).map(({ kind, action }) => `${kind} ${action}`);

  async function destroyAll(deleteData = false): Promise<ResourceName[]> {
    const provisioning = await open();
    const going = await provisioning.planRemoval({ deleteData });
    if (deleteData) await provisioning.emptyBucket({});
    for (const resource of going) await provisioning.remove(resource, { deleteData });
    return going;
  }

  const clients = () => ({
    s3: new S3Client({ ...awsClientConfig(aws().client), forcePathStyle: true }),
    ec2: new EC2Client(awsClientConfig(aws().client)),
    iam: new IAMClient(awsClientConfig(aws().client)),
    glue: new GlueClient(awsClientConfig(aws().client)),
    athena: new AthenaClient(awsClientConfig(aws().client)),
  });

  /** Calls that change something, of those that went through the gateway. */
  const writes = (): string[] =>
    gateway().calls.filter((call) => !/(^|\.)(Get|List|Describe)|^(GET|HEAD) /.test(call));

  return { gateway, open, applyAll, actions, destroyAll, clients, writes };
}
