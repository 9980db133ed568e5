/** What an account tells of itself, and the adapters that work in it. */
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { callingAws } from '../core/aws';
import { bucketAdapter } from './adapters/bucket';
import { bucketKeyOf } from './adapters/bucket-encryption';
import { databaseAdapter } from './adapters/database';
import { gatewayEndpointAdapter, routeTablesOf } from './adapters/gateway-endpoint';
import { instanceProfileAdapter } from './adapters/instance-profile';
import { roleAdapter } from './adapters/role';
import { workgroupAdapter } from './adapters/workgroup';
import type { ProvisionClients } from './clients';
import type { Adapter, ResourceKind } from './resource';
import type { AccountFacts, Target } from './target';

export async function factsOf(clients: ProvisionClients, target: Target): Promise<AccountFacts> {
  const region = target.region ?? (await clients.sts.config.region());
  const { Account = '', Arn = '' } = await callingAws('sts:GetCallerIdentity', () =>
    clients.sts.send(new GetCallerIdentityCommand({})),
  );
  const { vpc, environment } = target;
  const routeTables =
    vpc === undefined
      ? []
      : await routeTablesOf({ ec2: clients.ec2, region }, { vpc, environment });
  const bucketKey = await bucketKeyOf(clients.s3, target.bucket);
  const partition = Arn.split(':')[1] || 'aws';
  return { account: Account, region, partition, routeTables, bucketKey };
}

export const adaptersOf = (
  { s3, ec2, iam, glue, athena }: ProvisionClients,
  facts: AccountFacts,
): Record<ResourceKind, Adapter> => ({
  bucket: bucketAdapter({ s3, region: facts.region }),
  'gateway-endpoint': gatewayEndpointAdapter({ ec2, region: facts.region }),
  database: databaseAdapter({ glue }),
  role: roleAdapter({ iam }),
  'instance-profile': instanceProfileAdapter({ iam }),
  workgroup: workgroupAdapter({ athena, facts }),
});
