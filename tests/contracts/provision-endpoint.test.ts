/** The gateway endpoint of a VPC, by which clusters reach S3 without leaving the network. */
import {
  CreateRouteTableCommand,
  CreateVpcCommand,
  CreateVpcEndpointCommand,
  DescribeVpcEndpointsCommand,
} from '@aws-sdk/client-ec2';
import { useProvisioning } from '../support/provisioning';

const { open, applyAll, actions, clients } = useProvisioning();

describe('the gateway endpoint', () => {
  async function makeVpc(): Promise<string> {
    const { Vpc } = await clients().ec2.send(new CreateVpcCommand({ CidrBlock: '10.0.0.0/16' }));
    return Vpc?.VpcId as string;
  }

  async function addRouteTable(VpcId: string): Promise<string> {
    const { RouteTable } = await clients().ec2.send(new CreateRouteTableCommand({ VpcId }));
    return RouteTable?.RouteTableId as string;
  }

  const endpoints = async () =>
    ((await clients().ec2.send(new DescribeVpcEndpointsCommand({}))).VpcEndpoints ?? []).filter(
      ({ State }) => State?.toLowerCase() !== 'deleted',
    );

  test('serves every route table of the VPC, also those that come later', async () => {
    const vpc = await makeVpc();
    await applyAll({ vpc });
    expect(await endpoints()).toMatchObject([
      { VpcId: vpc, VpcEndpointType: 'Gateway', ServiceName: 'com.amazonaws.eu-central-1.s3' },
    ]);
    const added = await addRouteTable(vpc);
    expect(await actions({ vpc })).toContain('gateway-endpoint update');
    await applyAll({ vpc });
    const [endpoint] = await endpoints();
    expect(endpoint?.RouteTableIds).toHaveLength(2);
    expect(endpoint?.RouteTableIds).toContain(added);
    expect(await actions({ vpc })).toContain('gateway-endpoint none');
  });

  test('of somebody else is used where it serves, and stays', async () => {
    const vpc = await makeVpc();
    const theirs = await addRouteTable(vpc);
    await clients().ec2.send(
      new CreateVpcEndpointCommand({
        VpcId: vpc,
        ServiceName: 'com.amazonaws.eu-central-1.s3',
        VpcEndpointType: 'Gateway',
        RouteTableIds: [theirs],
      }),
    );
    await applyAll({ vpc });
    const served = (await endpoints()).map(({ RouteTableIds }) => RouteTableIds);
    expect(served).toHaveLength(2);
    expect(served[1]).not.toContain(theirs);
    await (
      await open({ vpc })
    ).remove({ kind: 'gateway-endpoint', name: vpc }, { deleteData: false });
    expect((await endpoints()).map(({ RouteTableIds }) => RouteTableIds)).toEqual([[theirs]]);
  });

  test('needs a VPC that there is', async () => {
    await expect(open({ vpc: 'vpc-0123456789abcdef0' })).rejects.toMatchObject({
      code: 'AWS_REFUSED',
    });
  });
});
