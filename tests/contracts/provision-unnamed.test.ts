/** Removing an environment against an emulator of AWS, without naming again all that it was made with. */
import { CreateVpcCommand, DescribeVpcEndpointsCommand } from '@aws-sdk/client-ec2';
import {
  CreateDatabaseCommand,
  CreateTableCommand,
  GetDatabasesCommand,
} from '@aws-sdk/client-glue';
import { isTarget, jsonError } from '../support/aws-gateway';
import { useProvisioning } from '../support/provisioning';

const { gateway, open, applyAll, destroyAll, clients } = useProvisioning();

const databases = async (): Promise<(string | undefined)[]> =>
  ((await clients().glue.send(new GetDatabasesCommand({}))).DatabaseList ?? []).map(
    ({ Name }) => Name,
  );

/** The emulator keeps those that are gone. */
async function endpointsIn(vpc: string): Promise<number> {
  const { VpcEndpoints = [] } = await clients().ec2.send(new DescribeVpcEndpointsCommand({}));
  const own = VpcEndpoints.filter(({ VpcId }) => VpcId === vpc);
  return own.filter(({ State }) => !/delet/i.test(State ?? '')).length;
}

async function newVpc(): Promise<string> {
  const { Vpc } = await clients().ec2.send(new CreateVpcCommand({ CidrBlock: '10.0.0.0/16' }));
  return Vpc?.VpcId as string;
}

test('databases and endpoints that carry the tag go, those of others stay', async () => {
  const [vpc, other] = [await newVpc(), await newVpc()];
  await applyAll({ databases: ['watchlake_trial', 'watchlake_more'], vpc });
  await applyAll({ environment: 'other', bucket: 'other-lake', databases: ['others'], vpc: other });
  await clients().glue.send(new CreateDatabaseCommand({ DatabaseInput: { Name: 'somebodys' } }));
  const gone = await destroyAll();
  expect(gone.map(({ kind }) => kind)).toEqual([
    'workgroup',
    'instance-profile',
    ...['role', 'role', 'role'],
    ...['database', 'database', 'gateway-endpoint'],
    'bucket',
  ]);
  expect((await databases()).sort()).toEqual(['others', 'somebodys']);
  expect([await endpointsIn(vpc), await endpointsIn(other)]).toEqual([0, 1]);
  expect(await destroyAll()).toEqual([]);
});

test('a database in which somebody else has tables stays, and keeps nothing else from going', async () => {
  await applyAll({ databases: ['watchlake_trial', 'watchlake_shared'] });
  const TableInput = { Name: 'somebodys' };
  const DatabaseName = 'watchlake_shared';
  await clients().glue.send(new CreateTableCommand({ DatabaseName, TableInput }));
  const named = await open({ databases: [DatabaseName] });
  const refused = named.planRemoval({ deleteData: true });
  await expect(refused).rejects.toMatchObject({ code: 'RESOURCE_FOREIGN' });
  await destroyAll();
  expect(await databases()).toEqual([DatabaseName]);
});

test('who may not look for endpoints has made none: the rest goes', async () => {
  await applyAll({ databases: ['watchlake_trial'] });
  const denied = jsonError(403, 'UnauthorizedOperation', 'not allowed');
  gateway().breakOn({ on: isTarget('DescribeVpcEndpoints'), fault: denied, times: 99 });
  await destroyAll();
  expect(await databases()).toEqual([]);
});
