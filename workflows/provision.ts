/** Makes what a lake needs in an AWS account, shows what would change, or removes what is ours. */
import { proxyActivities } from '@temporalio/workflow';
import type { WorkflowInput } from '../activities/inputs';
import type { ProvisionActivities } from '../activities/provision-activities';
import { ERRANDS } from './profiles';
import { trackProgress } from './progress';
import { validated } from './validate';

const { planProvision, applyResource, planRemoval, emptyBucket, removeResource } =
  proxyActivities<ProvisionActivities>(ERRANDS);

type Report = ReturnType<typeof trackProgress>;
type Target = Parameters<ProvisionActivities['planProvision']>[0]['target'];

export interface ProvisionedResource {
  kind: string;
  name: string;
  /** With `plan` what would be done, else what was done. */
  action: 'create' | 'update' | 'none' | 'remove';
  changes: { property: string; from: string; to: string }[];
}

export interface ProvisionResult {
  environment: string;
  account: string | null;
  region: string | null;
  resources: ProvisionedResource[];
  /** Versions of objects that went with the bucket. */
  removedVersions: number;
}

export async function provision(raw: WorkflowInput<'provision'>): Promise<ProvisionResult> {
  const progress = trackProgress();
  const { action, deleteData, ...target } = await validated('provision', raw);
  const { environment, bucket } = target;
  progress('comparing with the account', { environment, bucket });
  if (action === 'destroy') return destroy(target, deleteData, progress);
  const { account, region, resources } = await planProvision({ target });
  const planned = resources.map((each) => ({ ...each, changes: [...each.changes] }));
  progress('compared', { account, region, ...countsOf(planned) });
  const done = action === 'plan' ? planned : await applyAll(target, planned, progress);
  return { environment, account, region, resources: done, removedVersions: 0 };
}

const countsOf = (resources: readonly ProvisionedResource[]): Record<string, number> => {
  const countOf = (action: string) => resources.filter((each) => each.action === action).length;
  return { create: countOf('create'), update: countOf('update'), unchanged: countOf('none') };
};

/** One after the other: a profile needs its role, a workgroup its bucket. */
async function applyAll(
  target: Target,
  planned: readonly ProvisionedResource[],
  progress: Report,
): Promise<ProvisionedResource[]> {
  const done: ProvisionedResource[] = [];
  for (const { kind, name } of planned) {
    progress(`applying ${kind} ${name}`, { resources: `${done.length} of ${planned.length}` });
    const resource = {
      kind: kind as Parameters<typeof applyResource>[0]['resource']['kind'],
      name,
    };
    const { action, changes } = await applyResource.executeWithOptions(
      { ...ERRANDS, summary: `${kind} ${name}` },
      [{ target, resource }],
    );
    done.push({ kind, name, action, changes: [...changes] });
  }
  progress('applied', { resources: done.length });
  return done;
}

/** What may not go is found out before anything goes. */
async function destroy(
  target: Target,
  deleteData: boolean,
  progress: Report,
): Promise<ProvisionResult> {
  const going = await planRemoval({ target, deleteData });
  let removedVersions = 0;
  if (deleteData && going.some(({ kind }) => kind === 'bucket')) {
    progress('emptying the bucket');
    removedVersions = (await emptyBucket({ target })).versions;
  }
  const resources: ProvisionedResource[] = [];
  for (const resource of going) {
    progress(`removing ${resource.kind} ${resource.name}`, { removed: resources.length });
    // Former versions did not count what came late.
    const { removed, versions = 0 } = await removeResource({ target, resource, deleteData });
    removedVersions += versions;
    resources.push({ ...resource, action: removed ? 'remove' : 'none', changes: [] });
  }
  progress('removed', { removed: resources.length });
  const { environment } = target;
  return { environment, account: null, region: null, resources, removedVersions };
}
