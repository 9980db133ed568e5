/** Jobs as steps of EMR: `spark-submit` on the cluster of the session. */
import type { Cluster, EMRClient, Step, StepConfig } from '@aws-sdk/client-emr';
import { WatchlakeError, isWatchlakeError } from '../../../core/errors';
import type { Store } from '../../ports';
import { FORGOTTEN, unlessForgotten } from '../jobs/forgotten';
import { isClusterEnded, isLive } from '../jobs/job-state';
import type { Found, JobRequest, JobService, JobStatus } from '../jobs/ports';
import * as records from '../jobs/records';
import type { PriceTable } from '../jobs/prices';
import type { EmrCalls } from './calls';
import { emrCalls } from './calls';
import type { ClusterDeps } from './clusters';
import { clusterOf, endClusters, lacksRoom } from './clusters';
import { clustersCost } from './cost';
import type { EmrSettings } from './settings';
import type { StepLogs } from './step-log';
import { causeInLog } from './step-log';

export interface EmrServiceOptions {
  readonly store: Store;
  readonly client: EMRClient;
  /** One that never sends a request twice by itself. */
  readonly starter: EMRClient;
  readonly settings: EmrSettings;
  readonly logs: StepLogs;
  readonly prices: PriceTable;
  readonly graceMs: number;
  readonly mostClusters: number;
}

// What AWS takes of all strings of a step together.
const STEP_CHARACTERS = 10_240;
const NAME_CHARACTERS = 256;

/** The driver runs in the step's own process: its end is the step's, and its log the step's log. */
function stepConfig({ title, program, arguments: given }: JobRequest): StepConfig {
  const args = ['spark-submit', '--deploy-mode', 'client', '--name', title, program];
  const step: StepConfig = {
    Name: title.slice(0, NAME_CHARACTERS),
    // Steps run side by side: one that fails leaves the others alone.
    ActionOnFailure: 'CONTINUE',
    HadoopJarStep: { Jar: 'command-runner.jar', Args: [...args, ...Object.entries(given).flat()] },
  };
  const characters = JSON.stringify(step).length;
  if (characters <= STEP_CHARACTERS) return step;
  const detail = `its arguments have ${characters} characters, EMR takes ${STEP_CHARACTERS}`;
  throw new WatchlakeError('JOB_FAILED', { service: 'emr', name: title, detail });
}

function secondsOf({ Status }: Step): number {
  const { StartDateTime: start, EndDateTime: end = new Date() } = Status?.Timeline ?? {};
  return start === undefined ? 0 : (end.getTime() - start.getTime()) / 1000;
}

function argumentOf(args: readonly string[] | undefined, name: string): string | undefined {
  const at = args?.indexOf(name) ?? -1;
  return at < 0 ? undefined : args?.[at + 1];
}

const clusterAt = (calls: EmrCalls, place: string): Promise<Cluster> =>
  unlessForgotten(() => calls.cluster(place), { Status: { State: 'TERMINATED' } });

async function statusOf(calls: EmrCalls, place: string, id: string): Promise<JobStatus> {
  const gone: Step = { Status: { State: 'INTERRUPTED', FailureDetails: { Reason: FORGOTTEN } } };
  const step = await unlessForgotten(() => calls.step(place, id), gone);
  const { State: state = 'PENDING', StateChangeReason, FailureDetails } = step.Status ?? {};
  const said =
    FailureDetails?.Message ?? FailureDetails?.Reason ?? StateChangeReason?.Message ?? '';
  const status = { state, reason: said, seconds: secondsOf(step) };
  if (state === 'COMPLETED') return status;
  // Also of one that runs: what EMR says of a step is late when its cluster has gone.
  const found = await clusterAt(calls, place);
  const cluster = found.Status?.State ?? '';
  if (!isClusterEnded(cluster)) return { ...status, cluster };
  const { Code, Message } = found.Status?.StateChangeReason ?? {};
  const reason = [Code, Message].filter(Boolean).join(': ') || said;
  return { ...status, cluster, reason, lacksRoom: await lacksRoom(calls, found) };
}

/** The step cannot be cancelled any more: it has ended, or its cluster has. */
async function cancel(calls: EmrCalls, place: string, id: string): Promise<void> {
  try {
    await calls.cancelStep(place, id);
  } catch (error) {
    if (!isWatchlakeError(error) || error.code !== 'AWS_REFUSED') throw error;
    const { Status } = await clusterAt(calls, place);
    if (!isClusterEnded(Status?.State)) throw error;
  }
}

async function addStep(calls: EmrCalls, place: string, request: JobRequest) {
  try {
    return await calls.addStep(place, stepConfig(request));
  } catch (error) {
    if (!isWatchlakeError(error) || error.code !== 'AWS_REFUSED') throw error;
    const { Status } = await clusterAt(calls, place);
    if (isClusterEnded(Status?.State)) return null;
    throw error;
  }
}

async function findSteps(calls: EmrCalls, place: string, chosenUri: string): Promise<Found[]> {
  const steps = await unlessForgotten(() => calls.steps(place), []);
  const ours = steps.filter(({ Config }) => argumentOf(Config?.Args, '--chosen') === chosenUri);
  return ours.map(({ Id: id = '', Config, Status }) => ({
    id,
    attempt: argumentOf(Config?.Args, '--attempt') ?? '',
    isLive: isLive(Status?.State ?? ''),
  }));
}

export function createEmrService(options: EmrServiceOptions): JobService {
  const { store, client, starter, settings, logs, prices } = options;
  const calls = emrCalls(client, starter);
  const deps: ClusterDeps = { ...options, calls };
  return {
    name: 'emr',
    place: (context, of) => clusterOf(deps, context, of),
    find: (place, { chosenUri }) => findSteps(calls, place, chosenUri),
    start: (place, request) => addStep(calls, place, request),
    look: (place, id) => statusOf(calls, place, id),
    stop: (place, id) => cancel(calls, place, id),
    rootCause: (place, id, signal) => causeInLog(logs, settings.logUri, { place, id, signal }),
    async end(session, of) {
      await records.markEnded(store, of.dataset, session);
      const ids = await endClusters(deps, session, of);
      if (ids.length === 0) return null;
      return clustersCost(calls, ids, { prices, region: await client.config.region() });
    },
    close() {
      client.destroy();
      starter.destroy();
    },
  };
}
