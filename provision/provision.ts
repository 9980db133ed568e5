/** Compares an environment with the account, and makes or removes one resource at a time. */
import type { AwsOptions } from '../core/aws';
import { isWatchlakeError, WatchlakeError } from '../core/errors';
import { adaptersOf, factsOf } from './account';
import { emptyBucket, type EmptyOptions } from './adapters/bucket';
import { provisionClients } from './clients';
import {
  changesOf,
  titleOf,
  type Adapter,
  type Change,
  type DeclaredResource,
  type FoundResource,
  type ResourceKind,
  type ResourceName,
} from './resource';
import { resourcesOf } from './resources';
import type { AccountFacts, Target } from './target';

export interface PlannedResource extends ResourceName {
  readonly action: 'create' | 'update' | 'none';
  readonly changes: readonly Change[];
}

export interface RemoveOptions extends EmptyOptions {
  readonly deleteData: boolean;
}

/** A connection to one account and region, for one target. */
export interface Provisioning {
  readonly facts: AccountFacts;
  readonly plan: () => Promise<PlannedResource[]>;
  /** Makes it as it is declared; repeated, it changes nothing. */
  readonly apply: (name: ResourceName) => Promise<PlannedResource>;
  /** What would go: ours alone. RESOURCE_HOLDS_DATA unless the data may go as well. */
  readonly planRemoval: (options: { deleteData: boolean }) => Promise<ResourceName[]>;
  /** False when there was nothing of ours. Looks again at what it holds: that may have come after the plan. */
  readonly remove: (name: ResourceName, options: RemoveOptions) => Promise<boolean>;
  /** Nothing when the bucket is not ours. */
  readonly emptyBucket: (options: EmptyOptions) => Promise<number>;
  readonly close: () => void;
}

const isOurs = ({ environment }: DeclaredResource, found: FoundResource): boolean =>
  found.environment === environment;

/** To be taken over is one thing, to be removed another: only the tag itself says that it may go. */
const isTagged = (resource: DeclaredResource, found: FoundResource): boolean =>
  isOurs(resource, found) && [undefined, resource.environment].includes(tagIn(found));

const tagIn = ({ properties }: FoundResource) => properties['tag'] as string | undefined;

/** An endpoint of somebody else that serves every route table is as good as one of ours. */
const isServed = ({ kind }: DeclaredResource, { id }: FoundResource): boolean =>
  kind === 'gateway-endpoint' && id === undefined;

/** Of a kind that one may not look for nothing but what is named is known. */
async function orNoneUnseen(names: Promise<string[]> | undefined): Promise<string[]> {
  try {
    return (await names) ?? [];
  } catch (error) {
    if (isWatchlakeError(error) && error.code === 'AWS_DENIED') return [];
    throw error;
  }
}

function refuseForeign(resource: DeclaredResource, found: FoundResource): void {
  if (isOurs(resource, found) || isServed(resource, found)) return;
  const { environment } = resource;
  throw new WatchlakeError('RESOURCE_FOREIGN', { resource: titleOf(resource), environment });
}

function planned(resource: DeclaredResource, found: FoundResource | null): PlannedResource {
  const { kind, name, properties } = resource;
  if (found === null) return { kind, name, action: 'create', changes: changesOf(properties, {}) };
  refuseForeign(resource, found);
  const changes = changesOf(properties, found.properties);
  return { kind, name, action: changes.length === 0 ? 'none' : 'update', changes };
}

export async function openProvisioning(target: Target, aws: AwsOptions): Promise<Provisioning> {
  const { region = aws.region } = target;
  const clients = provisionClients({ ...aws, ...(region === undefined ? {} : { region }) });
  const facts = await factsOf(clients, target).catch((error: unknown) => {
    clients.close();
    throw error;
  });
  const adapters = adaptersOf(clients, facts);
  const resources = resourcesOf(target, facts);

  const known = ({ kind, name }: ResourceName): DeclaredResource | undefined =>
    resources.find((each) => each.kind === kind && each.name === name);

  function declared({ kind, name }: ResourceName): DeclaredResource {
    const found = known({ kind, name });
    if (found !== undefined) return found;
    throw new WatchlakeError('UNEXPECTED', {
      detail: `${titleOf({ kind, name })} is not declared`,
    });
  }

  const read = (resource: DeclaredResource) => adapters[resource.kind].read(resource);

  async function made(resource: DeclaredResource): Promise<FoundResource> {
    await adapters[resource.kind].create(resource);
    const found = await read(resource);
    if (found !== null) {
      // Somebody else may have made one of that name since the look before.
      refuseForeign(resource, found);
      return found;
    }
    // Services answer from several places, and not all of them know it yet.
    const action = `the new ${titleOf(resource)}`;
    throw new WatchlakeError('AWS_UNAVAILABLE', { action, detail: 'it does not show up yet' });
  }

  async function plan(): Promise<PlannedResource[]> {
    const found = await Promise.all(resources.map(read));
    return resources.map((resource, at) => planned(resource, found[at] ?? null));
  }

  async function apply(name: ResourceName): Promise<PlannedResource> {
    const resource = declared(name);
    const before = await read(resource);
    const outcome = planned(resource, before);
    const found = before ?? (await made(resource));
    const changed = changesOf(resource.properties, found.properties).map((each) => each.property);
    if (changed.length > 0) await adapters[resource.kind].update(resource, changed, found);
    return outcome;
  }

  async function refuseData(resource: DeclaredResource, deleteData: boolean): Promise<void> {
    const what = (await adapters[resource.kind].holds?.(resource)) ?? null;
    if (what === null || deleteData) return;
    throw new WatchlakeError('RESOURCE_HOLDS_DATA', { resource: titleOf(resource), what });
  }

  /** That is told of what was named; what was not may not keep all the rest from going. */
  async function isOthersToo(resource: DeclaredResource): Promise<boolean> {
    try {
      await adapters[resource.kind].holds?.(resource);
      return false;
    } catch (error) {
      if (isWatchlakeError(error) && error.code === 'RESOURCE_FOREIGN') return true;
      throw error;
    }
  }

  /** What carries the tag and was named when it was made, though not now; without what somebody else uses as well. */
  async function unnamed(): Promise<DeclaredResource[]> {
    const found: ResourceName[] = [];
    for (const [kind, adapter] of Object.entries(adapters) as [ResourceKind, Adapter][]) {
      const names = await orNoneUnseen(adapter.tagged?.(target.environment));
      found.push(...[...new Set(names)].map((name) => ({ kind, name })));
    }
    const ours: DeclaredResource[] = [];
    for (const each of found.filter((name) => known(name) === undefined).map(asUnnamed)) {
      if (!(await isOthersToo(each))) ours.push(each);
    }
    return ours;
  }

  const asUnnamed = (name: ResourceName): DeclaredResource => ({
    ...name,
    environment: target.environment,
    properties: {},
  });

  async function planRemoval({ deleteData }: { deleteData: boolean }): Promise<ResourceName[]> {
    const ours: ResourceName[] = [];
    // The bucket, which is made first, goes last.
    const [bucket, ...others] = resources as [DeclaredResource, ...DeclaredResource[]];
    for (const resource of [bucket, ...(await unnamed()), ...others].reverse()) {
      const found = await read(resource);
      if (found === null || !isTagged(resource, found)) continue;
      await refuseData(resource, deleteData);
      ours.push({ kind: resource.kind, name: resource.name });
    }
    return ours;
  }

  async function remove(
    name: ResourceName,
    { deleteData, ...emptying }: RemoveOptions,
  ): Promise<boolean> {
    const resource = known(name) ?? asUnnamed(name);
    const found = await read(resource);
    if (found === null || !isTagged(resource, found)) return false;
    await refuseData(resource, deleteData);
    // Logs of a cluster that has just ended come in after the bucket was emptied.
    if (deleteData && name.kind === 'bucket') await emptyBucket(clients.s3, name.name, emptying);
    await adapters[resource.kind].remove(resource, found);
    return true;
  }

  return {
    facts,
    plan,
    apply,
    planRemoval,
    remove,
    async emptyBucket(options) {
      const resource = declared({ kind: 'bucket', name: target.bucket });
      const found = await read(resource);
      if (found === null || !isTagged(resource, found)) return 0;
      return emptyBucket(clients.s3, target.bucket, options);
    },
    close: clients.close,
  };
}
