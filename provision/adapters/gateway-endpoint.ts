/** The S3 gateway endpoint of a VPC: traffic between the VPC and S3 that never leaves Amazon's network. */
import { randomUUID } from 'node:crypto';
import {
  CreateVpcEndpointCommand,
  DeleteVpcEndpointsCommand,
  ModifyVpcEndpointCommand,
  paginateDescribeRouteTables,
  paginateDescribeVpcEndpoints,
  type EC2Client,
  type Filter,
  type VpcEndpoint,
} from '@aws-sdk/client-ec2';
import { callingAws } from '../../core/aws';
import { WatchlakeError } from '../../core/errors';
import type { Adapter, DeclaredResource, FoundResource } from '../resource';
import { ENVIRONMENT_TAG } from '../target';

export interface EndpointOptions {
  readonly ec2: EC2Client;
  readonly region: string;
}
import { allOf } from './all-pages';

const GONE = new Set(['deleted', 'deleting']);

const serviceOf = (region: string): string => `com.amazonaws.${region}.s3`;

const environmentOf = ({ Tags }: VpcEndpoint): string | null =>
  Tags?.find(({ Key }) => Key === ENVIRONMENT_TAG)?.Value ?? null;

async function endpointsWith(
  { ec2, region }: EndpointOptions,
  filters: readonly Filter[],
): Promise<VpcEndpoint[]> {
  const Filters = [
    ...filters,
    { Name: 'service-name', Values: [serviceOf(region)] },
    { Name: 'vpc-endpoint-type', Values: ['Gateway'] },
  ];
  const found = await callingAws('ec2:DescribeVpcEndpoints', () =>
    allOf(paginateDescribeVpcEndpoints({ client: ec2 }, { Filters }), (page) => page.VpcEndpoints),
  );
  return found.filter(({ State }) => !GONE.has(State?.toLowerCase() ?? ''));
}

const endpointsOf = (options: EndpointOptions, vpc: string): Promise<VpcEndpoint[]> =>
  endpointsWith(options, [{ Name: 'vpc-id', Values: [vpc] }]);

/** The VPC's route tables, sorted, less those that somebody else's endpoint serves already. */
export async function routeTablesOf(
  options: EndpointOptions,
  { vpc, environment }: { vpc: string; environment: string },
): Promise<string[]> {
  const Filters = [{ Name: 'vpc-id', Values: [vpc] }];
  const pages = paginateDescribeRouteTables({ client: options.ec2 }, { Filters });
  const found = await callingAws('ec2:DescribeRouteTables', () =>
    allOf(pages, (page) => page.RouteTables),
  );
  if (found.length === 0) {
    const detail = `the VPC ${vpc} has no route tables in ${options.region}`;
    throw new WatchlakeError('AWS_REFUSED', { action: 'ec2:DescribeRouteTables', detail });
  }
  const others = await endpointsOf(options, vpc);
  const served = new Set(
    others
      .filter((each) => environmentOf(each) !== environment)
      .flatMap(({ RouteTableIds }) => RouteTableIds ?? []),
  );
  return found
    .map(({ RouteTableId }) => RouteTableId as string)
    .filter((id) => !served.has(id))
    .sort();
}

export function gatewayEndpointAdapter(options: EndpointOptions): Adapter {
  const { ec2, region } = options;
  const routeTables = ({ properties }: DeclaredResource | FoundResource): string[] =>
    (properties['routeTables'] ?? []) as string[];

  return {
    async read({ name: vpc, environment, properties }) {
      const found = await endpointsOf(options, vpc);
      const own = found.find((each) => environmentOf(each) === environment);
      if (own !== undefined) {
        const served = [...(own.RouteTableIds ?? [])].sort();
        return { id: own.VpcEndpointId, environment, properties: { routeTables: served } };
      }
      // Others serve every route table: there is nothing to make, and nothing of ours to remove.
      return routeTables({ properties } as DeclaredResource).length === 0
        ? { environment: null, properties: { routeTables: [] } }
        : null;
    },

    async tagged(environment) {
      const tag = { Name: `tag:${ENVIRONMENT_TAG}`, Values: [environment] };
      return (await endpointsWith(options, [tag])).map(({ VpcId }) => VpcId as string);
    },

    async create({ name: VpcId, environment, properties }) {
      const Tags = [{ Key: ENVIRONMENT_TAG, Value: environment }];
      await callingAws('ec2:CreateVpcEndpoint', () =>
        ec2.send(
          new CreateVpcEndpointCommand({
            // Sent again by the client when the answer is lost.
            ClientToken: randomUUID(),
            VpcId,
            ServiceName: serviceOf(region),
            VpcEndpointType: 'Gateway',
            RouteTableIds: properties['routeTables'] as string[],
            TagSpecifications: [{ ResourceType: 'vpc-endpoint', Tags }],
          }),
        ),
      );
    },

    async update(resource, _changed, found) {
      const [wanted, present] = [routeTables(resource), routeTables(found)];
      const added = wanted.filter((id) => !present.includes(id));
      const removed = present.filter((id) => !wanted.includes(id));
      await callingAws('ec2:ModifyVpcEndpoint', () =>
        ec2.send(
          new ModifyVpcEndpointCommand({
            VpcEndpointId: found.id,
            ...(added.length > 0 ? { AddRouteTableIds: added } : {}),
            ...(removed.length > 0 ? { RemoveRouteTableIds: removed } : {}),
          }),
        ),
      );
    },

    async remove(_resource, { id }) {
      const { Unsuccessful = [] } = await callingAws('ec2:DeleteVpcEndpoints', () =>
        ec2.send(new DeleteVpcEndpointsCommand({ VpcEndpointIds: [id as string] })),
      );
      const [refused] = Unsuccessful;
      if (refused === undefined) return;
      const detail = `${refused.Error?.Code}: ${refused.Error?.Message}`;
      throw new WatchlakeError('AWS_REFUSED', { action: 'ec2:DeleteVpcEndpoints', detail });
    },
  };
}
