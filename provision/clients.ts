/** The clients of the services in which resources are made, all for one region. */
import { AthenaClient } from '@aws-sdk/client-athena';
import { EC2Client } from '@aws-sdk/client-ec2';
import { GlueClient } from '@aws-sdk/client-glue';
import { IAMClient } from '@aws-sdk/client-iam';
import { S3Client } from '@aws-sdk/client-s3';
import { STSClient } from '@aws-sdk/client-sts';
import { awsClientConfig, type AwsOptions } from '../core/aws';

export interface ProvisionClients {
  readonly s3: S3Client;
  readonly ec2: EC2Client;
  readonly iam: IAMClient;
  readonly glue: GlueClient;
  readonly athena: AthenaClient;
  readonly sts: STSClient;
  readonly close: () => void;
}

export function provisionClients(options: AwsOptions): ProvisionClients {
  const config = awsClientConfig(options);
  const clients = {
    // AWS takes both forms of address; emulators know no bucket by its host name.
    s3: new S3Client({ ...config, forcePathStyle: true }),
    ec2: new EC2Client(config),
    iam: new IAMClient(config),
    glue: new GlueClient(config),
    athena: new AthenaClient(config),
    sts: new STSClient(config),
  };
  return {
    ...clients,
    close: () => Object.values(clients).forEach((client) => client.destroy()),
  };
}
