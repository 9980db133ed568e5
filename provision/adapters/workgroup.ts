/** The workgroup of Athena: where results go, and how much one query may read. */
import {
  CreateWorkGroupCommand,
  DeleteWorkGroupCommand,
  GetWorkGroupCommand,
  ListTagsForResourceCommand,
  UpdateWorkGroupCommand,
  type AthenaClient,
  type EncryptionOption,
  type WorkGroup,
} from '@aws-sdk/client-athena';
import { awsError, callingAws, isAwsError } from '../../core/aws';
import type { Adapter, Properties } from '../resource';
import { ENVIRONMENT_TAG, type AccountFacts } from '../target';

export interface WorkgroupOptions {
  readonly athena: AthenaClient;
  readonly facts: Pick<AccountFacts, 'account' | 'region' | 'partition'>;
}

function configurationOf(properties: Properties, account: string) {
  return {
    EnforceWorkGroupConfiguration: properties['enforced'] as boolean,
    PublishCloudWatchMetricsEnabled: properties['metrics'] as boolean,
    BytesScannedCutoffPerQuery: properties['bytesLimit'] as number,
    result: {
      OutputLocation: properties['output'] as string,
      EncryptionConfiguration: { EncryptionOption: properties['encryption'] as EncryptionOption },
      ExpectedBucketOwner: account,
    },
  };
}

function propertiesOf({ Configuration = {} }: WorkGroup): Properties {
  const { ResultConfiguration: result } = Configuration;
  return {
    output: result?.OutputLocation ?? null,
    encryption: result?.EncryptionConfiguration?.EncryptionOption ?? null,
    enforced: Configuration.EnforceWorkGroupConfiguration ?? false,
    bytesLimit: Configuration.BytesScannedCutoffPerQuery ?? null,
    metrics: Configuration.PublishCloudWatchMetricsEnabled ?? false,
  };
}

/** Athena tells what is wrong with a request by its words alone. */
const isInvalid = (error: unknown, words: RegExp): boolean =>
  isAwsError(error, 'InvalidRequestException') && words.test((error as Error).message);
const isMissing = (error: unknown): boolean => isInvalid(error, /not found|does not exist/i);
const isPresent = (error: unknown): boolean => isInvalid(error, /already (created|exists)/i);

export function workgroupAdapter({ athena, facts }: WorkgroupOptions): Adapter {
  const { account, region, partition } = facts;

  async function find(name: string): Promise<WorkGroup | null> {
    try {
      return (await athena.send(new GetWorkGroupCommand({ WorkGroup: name }))).WorkGroup ?? null;
    } catch (error) {
      if (isMissing(error)) return null;
      throw awsError(error, 'athena:GetWorkGroup');
    }
  }

  async function environmentOf(name: string): Promise<string | null> {
    const ResourceARN = `arn:${partition}:athena:${region}:${account}:workgroup/${name}`;
    try {
      const { Tags } = await athena.send(new ListTagsForResourceCommand({ ResourceARN }));
      return Tags?.find(({ Key }) => Key === ENVIRONMENT_TAG)?.Value ?? null;
    } catch (error) {
      if (isMissing(error)) return null;
      throw awsError(error, 'athena:ListTagsForResource');
    }
  }

  return {
    async read({ name }) {
      const found = await find(name);
      if (found === null) return null;
      return { environment: await environmentOf(name), properties: propertiesOf(found) };
    },

    async create({ name: Name, environment, properties }) {
      const { result, ...configuration } = configurationOf(properties, account);
      const request = new CreateWorkGroupCommand({
        Name,
        Description: `Queries on the lake of ${environment}`,
        Configuration: { ...configuration, ResultConfiguration: result },
        Tags: [{ Key: ENVIRONMENT_TAG, Value: environment }],
      });
      await athena.send(request).catch((error: unknown) => {
        if (!isPresent(error)) throw awsError(error, 'athena:CreateWorkGroup');
      });
    },

    async update({ name: WorkGroup, properties }) {
      const { result, ...configuration } = configurationOf(properties, account);
      const ConfigurationUpdates = { ...configuration, ResultConfigurationUpdates: result };
      const request = new UpdateWorkGroupCommand({ WorkGroup, ConfigurationUpdates });
      await callingAws('athena:UpdateWorkGroup', () => athena.send(request));
    },

    // The saved queries and the history of the workgroup go with it.
    async remove({ name: WorkGroup }) {
      const request = new DeleteWorkGroupCommand({ WorkGroup, RecursiveDeleteOption: true });
      await athena.send(request).catch((error: unknown) => {
        if (!isMissing(error)) throw awsError(error, 'athena:DeleteWorkGroup');
      });
    },
  };
}
