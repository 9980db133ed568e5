/** Steps that make an environment in an AWS account, or remove it: one resource at a time. */
import type { AwsOptions } from '../core/aws';
import { openProvisioning, type PlannedResource, type Provisioning } from '../provision/provision';
import type { ResourceName } from '../provision/resource';
import type { Target } from '../provision/target';
import { alive } from './alive';
import { asActivities } from './as-activities';

export interface ProvisionDeps {
  /** Where and as whom; what is absent the SDK takes from its own variables. */
  readonly aws: AwsOptions;
}

export interface ProvisionPlan {
  readonly account: string;
  readonly region: string;
  readonly resources: PlannedResource[];
}

export function createProvisionActivities({ aws }: ProvisionDeps) {
  async function using<T>(target: Target, work: (with_: Provisioning) => Promise<T>): Promise<T> {
    const provisioning = await openProvisioning(target, aws);
    try {
      return await work(provisioning);
    } finally {
      provisioning.close();
    }
  }

  return asActivities({
    // Safe to retry: it only looks.
    planProvision: ({ target }: { target: Target }): Promise<ProvisionPlan> =>
      using(target, async ({ facts, plan }) => {
        const { account, region } = facts;
        return { account, region, resources: await plan() };
      }),

    // Safe to retry: what is as declared stays untouched.
    applyResource: (input: { target: Target; resource: ResourceName }): Promise<PlannedResource> =>
      using(input.target, ({ apply }) => apply(input.resource)),

    // Safe to retry: it only looks.
    planRemoval: (input: { target: Target; deleteData: boolean }): Promise<ResourceName[]> =>
      using(input.target, ({ planRemoval }) => planRemoval(input)),

    // Safe to retry: what is gone stays gone.
    emptyBucket: ({ target }: { target: Target }): Promise<{ versions: number }> =>
      using(target, async ({ emptyBucket }) => {
        const { signal, report } = alive();
        const onRemoved = (versions: number) => report({ versions });
        return { versions: await emptyBucket({ signal, onRemoved }) };
      }),

    // Safe to retry: what is gone stays gone, and what is not ours stays.
    removeResource: (input: {
      target: Target;
      resource: ResourceName;
      deleteData: boolean;
    }): Promise<{ removed: boolean; versions: number }> =>
      using(input.target, async ({ remove }) => {
        const { signal, report } = alive();
        let versions = 0;
        const onRemoved = (soFar: number) => report({ versions: (versions = soFar) });
        const { resource, deleteData } = input;
        const removed = await remove(resource, { deleteData, signal, onRemoved });
        return { removed, versions };
      }),
  });
}

export type ProvisionActivities = ReturnType<typeof createProvisionActivities>;
