/** The instance profile that hands a role to the machines of a cluster. */
import {
  AddRoleToInstanceProfileCommand,
  CreateInstanceProfileCommand,
  DeleteInstanceProfileCommand,
  GetInstanceProfileCommand,
  RemoveRoleFromInstanceProfileCommand,
  type IAMClient,
} from '@aws-sdk/client-iam';
import { awsError, isAwsError } from '../../core/aws';
import { WatchlakeError } from '../../core/errors';
import type { Adapter, DeclaredResource, FoundResource } from '../resource';
import { ENVIRONMENT_TAG } from '../target';
import { orNull, unless } from './absent';
import { IAM_ABSENT, IAM_PRESENT } from './role';

const roles = ({ properties }: DeclaredResource | FoundResource): readonly string[] =>
  (properties['roles'] ?? []) as readonly string[];

export function instanceProfileAdapter({ iam }: { iam: IAMClient }): Adapter {
  const takeOut = (InstanceProfileName: string, RoleName: string) =>
    unless('iam:RemoveRoleFromInstanceProfile', IAM_ABSENT, () =>
      iam.send(new RemoveRoleFromInstanceProfileCommand({ InstanceProfileName, RoleName })),
    );

  async function putIn(InstanceProfileName: string, RoleName: string): Promise<void> {
    const action = 'iam:AddRoleToInstanceProfile';
    try {
      await iam.send(new AddRoleToInstanceProfileCommand({ InstanceProfileName, RoleName }));
    } catch (error) {
      // A role that was just made is not known everywhere at once.
      if (isAwsError(error, ...IAM_ABSENT)) {
        throw new WatchlakeError(
          'AWS_UNAVAILABLE',
          { action, detail: `${RoleName} is new` },
          error,
        );
      }
      throw awsError(error, action);
    }
  }

  return {
    async read({ name: InstanceProfileName }) {
      const found = await orNull('iam:GetInstanceProfile', IAM_ABSENT, () =>
        iam.send(new GetInstanceProfileCommand({ InstanceProfileName })),
      );
      if (found?.InstanceProfile === undefined) return null;
      const { Roles = [], Tags = [] } = found.InstanceProfile;
      return {
        environment: Tags.find(({ Key }) => Key === ENVIRONMENT_TAG)?.Value ?? null,
        properties: { roles: Roles.map(({ RoleName }) => RoleName as string) },
      };
    },

    create: ({ name: InstanceProfileName, environment }) =>
      unless('iam:CreateInstanceProfile', IAM_PRESENT, () =>
        iam.send(
          new CreateInstanceProfileCommand({
            InstanceProfileName,
            Tags: [{ Key: ENVIRONMENT_TAG, Value: environment }],
          }),
        ),
      ),

    // A profile holds one role at a time: the old one leaves first.
    async update(resource, _changed, found) {
      const [wanted, present] = [roles(resource), roles(found)];
      for (const role of present.filter((name) => !wanted.includes(name))) {
        await takeOut(resource.name, role);
      }
      for (const role of wanted.filter((name) => !present.includes(name))) {
        await putIn(resource.name, role);
      }
    },

    async remove({ name: InstanceProfileName }, found) {
      for (const role of roles(found)) await takeOut(InstanceProfileName, role);
      await unless('iam:DeleteInstanceProfile', IAM_ABSENT, () =>
        iam.send(new DeleteInstanceProfileCommand({ InstanceProfileName })),
      );
    },
  };
}
