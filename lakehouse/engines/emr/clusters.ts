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
// Another cluster would end the same way.
const FATAL = ['VALIDATION_ERROR', 'BOOTSTRAP_FAILURE'];

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

/** CLUSTER_FAILED when another one would not fare better. */
function refuseFatal({ mostClusters }: ClusterDeps, number: number, { Id, Status }: Cluster): void {
  const { StateChangeReason: reason } = Status ?? {};
  if (number < mostClusters && !FATAL.includes(reason?.Code ?? '')) return;
  throw new WatchlakeError('CLUSTER_FAILED', {
    cluster: Id,
    count: number,
    reason: reasonOf(reason),
  });
}

/** The id of the cluster with this number; null when it has ended. */
async function clusterNumbered(
  deps: ClusterDeps,
  context: JobContext,
  of: { dataset: string; number: number },
): Promise<string | null> {
  const { store, calls, settings, graceMs } = deps;
  const { dataset, number } = of;
  const { session } = context;
  const folder = `${clustersFolder(dataset, session)}${number}/`;
  const name = `${nameStart(settings, dataset, session)}${number}`;
  const claim = await records.writeClaim(store, folder, { ...context, place: name });
  const chosen = await startOnce({
    ...{ store, folder, context, claim, graceMs },
    find: () => findNamed(deps, since(claim), (found) => found === name),
    start: () => calls.run(clusterRequest(settings, name, { dataset, session })),
    stop: (id) => calls.terminate([id]),
    isEnded: () => records.isEnded(store, dataset, session),
  });
  const id = chosen?.id as string;
  const cluster = await calls.cluster(id);
  context.report({ service: 'emr', cluster: id, state: cluster.Status?.State });
  if (!isClusterEnded(cluster.Status?.State)) return id;
  refuseFatal(deps, number, cluster);
  return null;
}

/** Started when there is none. */
export async function clusterOf(
  deps: ClusterDeps,
  context: JobContext,
  { dataset }: { dataset: string },
): Promise<string> {
  const prefix = clustersFolder(dataset, context.session);
  const known = await records.numberedFolders(deps.store, prefix);
  for (let number = known.at(-1)?.number ?? 1; ; number += 1) {
    const id = await clusterNumbered(deps, context, { dataset, number });
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
