/** A role of IAM with its trust, its inline policies and the managed ones attached to it. */
import {
  AttachRolePolicyCommand,
  CreateRoleCommand,
  DeleteRoleCommand,
  DeleteRolePolicyCommand,
  DetachRolePolicyCommand,
  GetRoleCommand,
  GetRolePolicyCommand,
  PutRolePolicyCommand,
  UpdateAssumeRolePolicyCommand,
  UpdateRoleCommand,
  paginateListAttachedRolePolicies,
  paginateListRolePolicies,
  type IAMClient,
} from '@aws-sdk/client-iam';
import { callingAws } from '../../core/aws';
import { parsedDocument } from '../policy-document';
import type { Adapter, DeclaredResource, FoundResource, Json } from '../resource';
import { ENVIRONMENT_TAG } from '../target';
import { allOf } from './all-pages';
import { orNull, unless } from './absent';

export const IAM_ABSENT = ['NoSuchEntity', 'NoSuchEntityException'];
export const IAM_PRESENT = ['EntityAlreadyExists', 'EntityAlreadyExistsException'];

type Documents = Readonly<Record<string, Json>>;

const text = (document: Json | undefined): string => JSON.stringify(document);
const inline = ({ properties }: DeclaredResource | FoundResource): Documents =>
  (properties['policies'] ?? {}) as Documents;
const managed = ({ properties }: DeclaredResource | FoundResource): readonly string[] =>
  (properties['managedPolicies'] ?? []) as readonly string[];

export function roleAdapter({ iam }: { iam: IAMClient }): Adapter {
  const gone = (action: string, call: () => Promise<unknown>) => unless(action, IAM_ABSENT, call);

  async function inlinePolicies(RoleName: string): Promise<Documents> {
    const pages = paginateListRolePolicies({ client: iam }, { RoleName });
    const names = await callingAws('iam:ListRolePolicies', () =>
      allOf(pages, (page) => page.PolicyNames),
    );
    const documents: [string, Json][] = [];
    for (const PolicyName of names.sort()) {
      const { PolicyDocument = '' } = await callingAws('iam:GetRolePolicy', () =>
        iam.send(new GetRolePolicyCommand({ RoleName, PolicyName })),
      );
      documents.push([PolicyName, parsedDocument(PolicyDocument)]);
    }
    return Object.fromEntries(documents);
  }

  async function attachedPolicies(RoleName: string): Promise<string[]> {
    const pages = paginateListAttachedRolePolicies({ client: iam }, { RoleName });
    const found = await callingAws('iam:ListAttachedRolePolicies', () =>
      allOf(pages, (page) => page.AttachedPolicies),
    );
    return found.map(({ PolicyArn }) => PolicyArn as string).sort();
  }

  async function setInline(RoleName: string, wanted: Documents, present: Documents) {
    for (const [PolicyName, document] of Object.entries(wanted)) {
      const request = { RoleName, PolicyName, PolicyDocument: text(document) };
      await callingAws('iam:PutRolePolicy', () => iam.send(new PutRolePolicyCommand(request)));
    }
    for (const PolicyName of Object.keys(present).filter((name) => !(name in wanted))) {
      const request = { RoleName, PolicyName };
      await gone('iam:DeleteRolePolicy', () => iam.send(new DeleteRolePolicyCommand(request)));
    }
  }

  async function setManaged(
    RoleName: string,
    wanted: readonly string[],
    present: readonly string[],
  ) {
    for (const PolicyArn of wanted.filter((arn) => !present.includes(arn))) {
      const request = { RoleName, PolicyArn };
      await callingAws('iam:AttachRolePolicy', () =>
        iam.send(new AttachRolePolicyCommand(request)),
      );
    }
    for (const PolicyArn of present.filter((arn) => !wanted.includes(arn))) {
      const request = { RoleName, PolicyArn };
      await gone('iam:DetachRolePolicy', () => iam.send(new DetachRolePolicyCommand(request)));
    }
  }

  return {
    async read({ name: RoleName }) {
      const found = await orNull('iam:GetRole', IAM_ABSENT, () =>
        iam.send(new GetRoleCommand({ RoleName })),
      );
      if (found?.Role === undefined) return null;
      const { Description = '', AssumeRolePolicyDocument = '{}', Tags = [] } = found.Role;
      return {
        environment: Tags.find(({ Key }) => Key === ENVIRONMENT_TAG)?.Value ?? null,
        properties: {
          description: Description,
          trust: parsedDocument(AssumeRolePolicyDocument),
          policies: await inlinePolicies(RoleName),
          managedPolicies: await attachedPolicies(RoleName),
        },
      };
    },

    create: ({ name: RoleName, environment, properties }) =>
      unless('iam:CreateRole', IAM_PRESENT, () =>
        iam.send(
          new CreateRoleCommand({
            RoleName,
            Description: properties['description'] as string,
            AssumeRolePolicyDocument: text(properties['trust']),
            Tags: [{ Key: ENVIRONMENT_TAG, Value: environment }],
          }),
        ),
      ),

    async update(resource, changed, found) {
      const { name: RoleName, properties } = resource;
      if (changed.includes('description')) {
        const Description = properties['description'] as string;
        const request = new UpdateRoleCommand({ RoleName, Description });
        await callingAws('iam:UpdateRole', () => iam.send(request));
      }
      if (changed.includes('trust')) {
        const PolicyDocument = text(properties['trust']);
        const request = new UpdateAssumeRolePolicyCommand({ RoleName, PolicyDocument });
        await callingAws('iam:UpdateAssumeRolePolicy', () => iam.send(request));
      }
      if (changed.includes('policies')) {
        await setInline(RoleName, inline(resource), inline(found));
      }
      if (changed.includes('managedPolicies')) {
        await setManaged(RoleName, managed(resource), managed(found));
      }
    },

    async remove({ name: RoleName }, found) {
      await setInline(RoleName, {}, inline(found));
      await setManaged(RoleName, [], managed(found));
      await gone('iam:DeleteRole', () => iam.send(new DeleteRoleCommand({ RoleName })));
    },
  };
}
