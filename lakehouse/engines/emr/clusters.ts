/** The cluster of a session: one at a time, a new one when it was lost, all of them ended with the session. */
import type { Cluster, ClusterStateChangeReason } from '@aws-sdk/client-emr';
import { WatchlakeError } from '../../../core/errors';
import type { JobContext, Store } from '../../ports';
import { isClusterEnded } from '../jobs/job-state';
import type { Found } from '../jobs/ports';
import type { Claim } from '../jobs/records';
import * as records from '../jobs/records';
import { startOnce } from '../jobs/start-once';
import type { EmrCalls } from './calls';
import type { EmrSettings } from './settings';
import { clusterRequest } from './settings';

export interface ClusterDeps {
  readonly store: Store;
  readonly calls: EmrCalls;
  readonly settings: EmrSettings;
  readonly graceMs: number;
  /** Clusters of one session, before it gives up. */
  readonly mostClusters: number;
}

// The service's clock and ours differ.
const SLACK_MS = 60 * 60_000;
// What ends a cluster with nothing to do, or at somebody's request, is no failure of it.
const HARMLESS = ['ALL_STEPS_COMPLETED', 'USER_REQUEST'];
// Another cluster would end the same way.
const FATAL = ['VALIDATION_ERROR', 'BOOTSTRAP_FAILURE'];

// As EMR words it when EC2 gives a cluster no machines: https://docs.aws.amazon.com/console/elasticmapreduce/vcpu-limit
const OVER_QUOTA = /exceeds the EC2 service quota/i;

const clustersFolder = (dataset: string, session: string): string =>
  `${records.sessionFolder(dataset, session)}clusters/`;

const nameStart = ({ environment }: EmrSettings, dataset: string, session: string): string =>
  `watchlake-${environment}-${dataset}-${session}-`;

const since = ({ at }: Claim): Date => new Date(Date.parse(at) - SLACK_MS);

async function findNamed(
  { calls }: ClusterDeps,
  from: Date,
  isIt: (name: string) => boolean,
): Promise<Found[]> {
  const clusters = await calls.clustersSince(from);
  const named = clusters.filter(({ Name = '' }) => isIt(Name)).reverse();
  return named.map(({ Id = '', Status }) => ({
    ...{ id: Id, attempt: Id },
    isLive: !isClusterEnded(Status?.State),
  }));
}

const reasonOf = (reason: ClusterStateChangeReason | undefined): string =>
  [reason?.Code, reason?.Message].filter(Boolean).join(': ') || 'EMR does not say why';

const hasFailed = ({ Status }: Cluster): boolean =>
  isClusterEnded(Status?.State) && !HARMLESS.includes(Status?.StateChangeReason?.Code ?? '');

/** It got no machines while others in the account have some, which come free; alone it would never get any. */
export async function lacksRoom(calls: EmrCalls, { Id, Status }: Cluster): Promise<boolean> {
  if (!OVER_QUOTA.test(Status?.StateChangeReason?.Message ?? '')) return false;
  return (await calls.liveClusters()).some((other) => other.Id !== Id);
}

/** Of the session's clusters, those that an error has ended, and not the lack of machines. */
async function failedOf({ store, calls }: ClusterDeps, prefix: string): Promise<number> {
  let count = 0;
  for (const { folder } of await records.numberedFolders(store, prefix)) {
    const chosen = await records.readChoice(store, folder);
    if (chosen === null || (await records.wasFull(store, folder))) continue;
    if (hasFailed(await calls.cluster(chosen.id))) count += 1;
  }
  return count;
}

/** CLUSTER_FAILED when another one would not fare better. */
async function refuseFatal(deps: ClusterDeps, prefix: string, cluster: Cluster): Promise<void> {
  if (!hasFailed(cluster)) return;
  const { StateChangeReason: reason } = cluster.Status ?? {};
  const count = await failedOf(deps, prefix);
  if (count < deps.mostClusters && !FATAL.includes(reason?.Code ?? '')) return;
  throw new WatchlakeError('CLUSTER_FAILED', {
    cluster: cluster.Id,
    count,
    reason: reasonOf(reason),
  });
}

/** The id of the cluster with this number; null when it has ended. */
async function clusterNumbered(
  deps: ClusterDeps,
  context: JobContext,
  { dataset, number, signal }: { dataset: string; number: number; signal?: AbortSignal },
): Promise<string | null> {
  const { store, calls, settings, graceMs } = deps;
  const { session } = context;
  const prefix = clustersFolder(dataset, session);
  const folder = `${prefix}${number}/`;
  const name = `${nameStart(settings, dataset, session)}${number}`;
  const claim = await records.writeClaim(store, folder, { ...context, place: name });
  const chosen = await startOnce({
    ...{ store, folder, context, claim, graceMs, signal },
    find: () => findNamed(deps, since(claim), (found) => found === name),
    start: () => calls.run(clusterRequest(settings, name, { dataset, session })),
    stop: (id) => calls.terminate([id]),
    isEnded: () => records.isEnded(store, dataset, session),
  });
  const id = chosen?.id as string;
  const cluster = await calls.cluster(id);
  context.report({ service: 'emr', cluster: id, state: cluster.Status?.State });
  if (!isClusterEnded(cluster.Status?.State)) return id;
  if (await lacksRoom(calls, cluster)) await records.markFull(store, folder);
  else await refuseFatal(deps, prefix, cluster);
  return null;
}

/** Started when there is none. */
export async function clusterOf(
  deps: ClusterDeps,
  context: JobContext,
  { dataset, signal }: { dataset: string; signal?: AbortSignal },
): Promise<string> {
  const prefix = clustersFolder(dataset, context.session);
  const known = await records.numberedFolders(deps.store, prefix);
  for (let number = known.at(-1)?.number ?? 1; ; number += 1) {
    const id = await clusterNumbered(deps, context, { dataset, number, signal });
    if (id !== null) return id;
  }
}

/** Ends every cluster of the session, also those that nobody came to choose; gives their ids. */
export async function endClusters(
  deps: ClusterDeps,
  session: string,
  { dataset }: { dataset: string },
): Promise<string[]> {
  const { store, calls, settings } = deps;
  const folders = await records.numberedFolders(store, clustersFolder(dataset, session));
  const first = folders[0] && (await records.readClaim(store, folders[0].folder));
  if (!first) return [];
  const start = nameStart(settings, dataset, session);
  const found = await findNamed(deps, since(first), (name) => name.startsWith(start));
  const live = found.filter(({ isLive }) => isLive).map(({ id }) => id);
  if (live.length > 0) await calls.terminate(live);
  return found.map(({ id }) => id);
}
