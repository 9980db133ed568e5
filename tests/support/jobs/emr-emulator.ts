/**
 * EMR on the loopback address: clusters and steps with their states, each step really runs its program.
 * Strict where EMR is strict: the SDK's shapes, the length of a step, 256 steps that have not ended.
 */
import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import * as sdk from '@aws-sdk/client-emr';
import type { Guarantee } from '../aws-gateway';
import type { JobProcess, Program } from './job-process';
import { startProcess } from './job-process';
import { jsonService, page, seconds, ServiceError } from './json-service';

export interface EmrEmulatorOptions {
  /** What `spark-submit …` of a step is run as. */
  readonly program: (args: readonly string[]) => Promise<Program>;
  /** Takes the logs of steps, gzipped, under their URIs. */
  readonly putLog: (uri: string, body: Uint8Array) => Promise<void>;
  /** From the request of a cluster until it takes steps. */
  readonly startMs?: number;
  readonly endMs?: number;
  /** From a cancellation until the step has ended. */
  readonly stopMs?: number;
  readonly logDelayMs?: number;
  /** Lists do not show what is younger: the real ones promise nothing. */
  readonly listLagMs?: number;
  /** What a second of an idle timeout lasts. */
  readonly idleSecondMs?: number;
}

type Json = Record<string, unknown>;

interface EmulatedStep {
  readonly id: string;
  readonly config: sdk.StepConfig;
  readonly createdMs: number;
  state: sdk.StepState;
  startedMs?: number;
  endedMs?: number;
  failure?: sdk.FailureDetails;
  process?: JobProcess;
  /** What is told of it instead of its state. */
  stale?: { readonly state: sdk.StepState; readonly untilMs: number };
}

interface EmulatedCluster {
  readonly id: string;
  readonly input: sdk.RunJobFlowInput;
  readonly createdMs: number;
  readonly steps: EmulatedStep[];
  state: sdk.ClusterState;
  reason: { Code?: string; Message?: string };
  readyMs?: number;
  endedMs?: number;
  idle?: NodeJS.Timeout;
  scaling?: sdk.ManagedScalingPolicy;
  termination?: sdk.AutoTerminationPolicy;
}

export interface EmrEmulator {
  readonly guarantee: Guarantee;
  clusters(): { id: string; name: string; state: string; steps: EmulatedStep[] }[];
  /** Lists show what has ended as well, page by page: the calls of whoever looks would grow with every test. */
  forgetEnded(): void;
  /** The machines are gone, and with them whatever runs there; the steps' states tell it only so much later. */
  loseCluster(id: string, stepLagMs?: number): void;
  /** The next steps that start end with this log and without their program. */
  failNextSteps(log: string, times: number): void;
  /** The next cluster ends before it is ready. */
  failNextCluster(code: string, message: string): void;
  /** For how many clusters the account may have machines at once; as many as there are when absent. */
  limitClusters(most?: number): void;
  stop(): Promise<void>;
}

const PAGE = 5;
const STEP_CHARACTERS = 10_240;
const OPEN_STEPS = 256;
const OPEN: readonly string[] = ['PENDING', 'CANCEL_PENDING', 'RUNNING'];
const ENDED: readonly string[] = ['TERMINATING', 'TERMINATED', 'TERMINATED_WITH_ERRORS'];

const newId = (kind: string): string =>
  `${kind}-${randomBytes(9).toString('hex').toUpperCase().slice(0, 13)}`;

const charactersOf = ({ Name, HadoopJarStep }: sdk.StepConfig): number =>
  [Name ?? '', HadoopJarStep?.Jar ?? '', ...(HadoopJarStep?.Args ?? [])].join('').length;

export function createEmrEmulator(options: EmrEmulatorOptions): EmrEmulator {
  const {
    startMs = 60,
    endMs = 60,
    stopMs = 1_000,
    logDelayMs = 100,
    listLagMs = 0,
    idleSecondMs = 1000,
  } = options;
  const known = new Map<string, EmulatedCluster>();
  const working = new Set<Promise<unknown>>();
  const timers = new Set<NodeJS.Timeout>();
  let failures: string[] = [];
  let nextClusterFailure: { Code: string; Message: string } | undefined;
  let mostClusters = Infinity;

  const later = (ms: number, work: () => void): NodeJS.Timeout => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      work();
    }, ms);
    timers.add(timer);
    return timer;
  };

  function clusterNamed(id: string): EmulatedCluster {
    const cluster = known.get(id);
    if (cluster !== undefined) return cluster;
    throw new ServiceError('InvalidRequestException', `Cluster id '${id}' is not valid.`);
  }

  function endSteps(cluster: EmulatedCluster, isError: boolean, lagMs: number): void {
    for (const step of cluster.steps.filter(({ state }) => OPEN.includes(state))) {
      step.stale = { state: step.state, untilMs: Date.now() + lagMs };
      step.state = isError && step.process !== undefined ? 'INTERRUPTED' : 'CANCELLED';
      step.endedMs = Date.now();
      if (isError) step.process?.kill();
      else step.process?.terminate();
    }
  }

  const toldState = ({ state, stale }: EmulatedStep): sdk.StepState =>
    stale !== undefined && Date.now() < stale.untilMs ? stale.state : state;

  function terminate(
    cluster: EmulatedCluster,
    reason: EmulatedCluster['reason'],
    { isError = false, stepLagMs = 0 } = {},
  ): void {
    if (ENDED.includes(cluster.state)) return;
    clearTimeout(cluster.idle);
    cluster.state = isError ? 'TERMINATED_WITH_ERRORS' : 'TERMINATING';
    cluster.reason = reason;
    cluster.endedMs = Date.now();
    endSteps(cluster, isError, stepLagMs);
    if (!isError) later(endMs, () => (cluster.state = 'TERMINATED'));
  }

  function rest(cluster: EmulatedCluster): void {
    clearTimeout(cluster.idle);
    if (cluster.input.Instances?.KeepJobFlowAliveWhenNoSteps !== true) {
      return terminate(cluster, { Code: 'ALL_STEPS_COMPLETED', Message: 'Steps completed' });
    }
    cluster.state = 'WAITING';
    const { IdleTimeout } = cluster.termination ?? {};
    if (IdleTimeout === undefined) return;
    const reason = { Code: 'ALL_STEPS_COMPLETED', Message: 'Terminated after it was idle' };
    cluster.idle = later(IdleTimeout * idleSecondMs, () => terminate(cluster, reason));
  }

  async function runStep(cluster: EmulatedCluster, step: EmulatedStep): Promise<void> {
    const log = failures.shift();
    step.state = 'RUNNING';
    step.startedMs = Date.now();
    const fails: Program = { command: '/bin/sh', args: ['-c', 'exit 1'], env: {} };
    const program = log ? fails : await options.program(step.config.HadoopJarStep?.Args ?? []);
    // Cancelled, or lost with its cluster, before it could begin.
    if ((step.state as string) !== 'RUNNING') return void (await program.cleanUp?.());
    step.process = startProcess(program);
    const { code, stderr } = await step.process.ended;
    const uri = `${cluster.input.LogUri}${cluster.id}/steps/${step.id}/stderr.gz`;
    if (cluster.input.LogUri !== undefined) {
      const body = gzipSync(log ?? stderr);
      later(logDelayMs, () => track(options.putLog(uri, body).catch(() => undefined)));
    }
    if ((step.state as string) !== 'RUNNING') return;
    step.endedMs = Date.now();
    step.state = code === 0 ? 'COMPLETED' : 'FAILED';
    if (code !== 0) step.failure = { Reason: 'Unknown Error.', LogFile: uri };
    if (code !== 0 && step.config.ActionOnFailure === 'TERMINATE_CLUSTER') {
      terminate(
        cluster,
        { Code: 'STEP_FAILURE', Message: 'Shut down as step failed' },
        { isError: true },
      );
    }
  }

  /** One that runs takes a while to end, and is asked to before it is made to, unless that is not wanted. */
  function cancel(cluster: EmulatedCluster, step: EmulatedStep, isForced: boolean): void {
    const hasBegun = step.state !== 'PENDING';
    step.state = 'CANCEL_PENDING';
    if (isForced) step.process?.kill();
    else step.process?.terminate();
    const end = async (): Promise<void> => {
      await step.process?.ended;
      if (step.state !== 'CANCEL_PENDING') return;
      step.state = 'CANCELLED';
      step.endedMs = Date.now();
      advance(cluster);
    };
    later(hasBegun ? stopMs : 0, () => track(end()));
  }

  function track(work: Promise<unknown>): void {
    const tracked = work.finally(() => working.delete(tracked));
    working.add(tracked);
  }

  /** Starts as many steps as may run. */
  function advance(cluster: EmulatedCluster): void {
    if (!['RUNNING', 'WAITING'].includes(cluster.state)) return;
    const { StepConcurrencyLevel = 1 } = cluster.input;
    const running = cluster.steps.filter(({ state }) => state === 'RUNNING').length;
    const pending = cluster.steps.filter(({ state }) => state === 'PENDING');
    for (const step of pending.slice(0, Math.max(0, StepConcurrencyLevel - running))) {
      track(runStep(cluster, step).finally(() => advance(cluster)));
    }
    const isBusy = cluster.steps.some(({ state }) => OPEN.includes(state));
    if (isBusy) {
      clearTimeout(cluster.idle);
      cluster.state = 'RUNNING';
    } else rest(cluster);
  }

  /** EMR takes the request, and ends the cluster when EC2 gives it no machines. */
  function overQuota({ input }: EmulatedCluster): { Code: string; Message: string } | undefined {
    const live = [...known.values()].filter(({ state }) => !ENDED.includes(state)).length;
    if (live <= mostClusters) return undefined;
    const [{ InstanceType } = {}] = input.Instances?.InstanceGroups ?? [];
    const Message = `The request to create the EMR cluster or add EC2 instances to it failed. The number of vCPUs for instance type ${InstanceType} exceeds the EC2 service quota for that type.`;
    return { Code: 'INTERNAL_ERROR', Message };
  }

  function begin(cluster: EmulatedCluster): void {
    const failure = nextClusterFailure ?? overQuota(cluster);
    nextClusterFailure = undefined;
    later(startMs / 2, () => {
      if (failure !== undefined) return terminate(cluster, failure, { isError: true });
      if (cluster.state === 'STARTING') cluster.state = 'BOOTSTRAPPING';
    });
    later(startMs, () => {
      if (cluster.state !== 'BOOTSTRAPPING') return;
      cluster.state = 'WAITING';
      cluster.readyMs = Date.now();
      advance(cluster);
    });
  }

  function addSteps(cluster: EmulatedCluster, configs: readonly sdk.StepConfig[]): string[] {
    if (ENDED.includes(cluster.state)) {
      const message =
        'A job flow that is shutting down, terminating, or finished may not be modified.';
      throw new ServiceError('ValidationException', message);
    }
    const open = cluster.steps.filter(({ state }) => OPEN.includes(state)).length;
    if (open + configs.length > OPEN_STEPS) {
      throw new ServiceError('ValidationException', 'Maximum number of active steps exceeded.');
    }
    for (const config of configs) {
      if (charactersOf(config) > STEP_CHARACTERS) {
        throw new ServiceError(
          'ValidationException',
          'Size of step is larger than 10240 characters.',
        );
      }
      if ((cluster.input.StepConcurrencyLevel ?? 1) > 1 && config.ActionOnFailure !== 'CONTINUE') {
        const message = 'ActionOnFailure must be CONTINUE when steps run at the same time.';
        throw new ServiceError('ValidationException', message);
      }
    }
    return configs.map((config) => {
      const step = { id: newId('s'), config, createdMs: Date.now(), state: 'PENDING' as const };
      cluster.steps.push(step);
      later(0, () => advance(cluster));
      return step.id;
    });
  }

  const visible = <T extends { createdMs: number }>(all: readonly T[]): T[] =>
    all.filter(({ createdMs }) => Date.now() - createdMs >= listLagMs).reverse();

  const statusOf = ({ state, reason, createdMs, readyMs, endedMs }: EmulatedCluster): Json => ({
    State: state,
    StateChangeReason: reason,
    Timeline: {
      CreationDateTime: seconds(createdMs),
      ReadyDateTime: seconds(readyMs),
      EndDateTime: seconds(endedMs),
    },
  });

  const stepOf = (step: EmulatedStep): Json => ({
    Id: step.id,
    Name: step.config.Name,
    ActionOnFailure: step.config.ActionOnFailure,
    Config: step.config.HadoopJarStep,
    Status: {
      State: toldState(step),
      StateChangeReason: {},
      FailureDetails: step.failure,
      Timeline: {
        CreationDateTime: seconds(step.createdMs),
        StartDateTime: seconds(step.startedMs),
        EndDateTime: toldState(step) === step.state ? seconds(step.endedMs) : undefined,
      },
    },
  });

  function instancesOf({ input, createdMs, endedMs }: EmulatedCluster): Json[] {
    const groups = input.Instances?.InstanceGroups ?? [];
    return groups.flatMap(({ InstanceCount = 0, InstanceType, Market }) =>
      Array.from({ length: InstanceCount }, () => ({
        ...{ Id: newId('ci'), InstanceType, Market: Market ?? 'ON_DEMAND' },
        Status: {
          State: endedMs === undefined ? 'RUNNING' : 'TERMINATED',
          Timeline: { CreationDateTime: seconds(createdMs), EndDateTime: seconds(endedMs) },
        },
      })),
    );
  }

  const guarantee = jsonService({
    prefix: 'ElasticMapReduce',
    sdk,
    inputOf: (operation) => `${operation}Input`,
    invalid: 'ValidationException',
    operations: {
      RunJobFlow(input: sdk.RunJobFlowInput) {
        for (const field of ['ServiceRole', 'JobFlowRole', 'ReleaseLabel'] as const) {
          if (!input[field]) throw new ServiceError('ValidationException', `${field} is required.`);
        }
        const cluster: EmulatedCluster = {
          ...{ id: newId('j'), input, createdMs: Date.now(), steps: [] },
          ...{ state: 'STARTING', reason: {}, scaling: input.ManagedScalingPolicy },
          termination: input.AutoTerminationPolicy,
        };
        known.set(cluster.id, cluster);
        addSteps(cluster, input.Steps ?? []);
        begin(cluster);
        return { JobFlowId: cluster.id };
      },
      DescribeCluster({ ClusterId }: { ClusterId: string }) {
        const cluster = clusterNamed(ClusterId);
        const { Name, Tags, LogUri, ReleaseLabel } = cluster.input;
        const { StepConcurrencyLevel = 1 } = cluster.input;
        const shown = { Name, Tags, LogUri, ReleaseLabel, StepConcurrencyLevel };
        return { Cluster: { Id: cluster.id, ...shown, Status: statusOf(cluster) } };
      },
      ListClusters({ CreatedAfter = 0, ClusterStates, Marker }: Json) {
        const states = ClusterStates as string[] | undefined;
        const found = visible([...known.values()]).filter(
          ({ createdMs, state }) =>
            createdMs / 1000 >= (CreatedAfter as number) && (states?.includes(state) ?? true),
        );
        const { items, next } = page(found, Marker as string, PAGE);
        const Clusters = items.map((cluster) => ({
          ...{ Id: cluster.id, Name: cluster.input.Name, Status: statusOf(cluster) },
        }));
        return { Clusters, Marker: next };
      },
      ListInstances({ ClusterId, Marker }: Json) {
        const all = instancesOf(clusterNamed(ClusterId as string));
        const { items, next } = page(all, Marker as string, PAGE);
        return { Instances: items, Marker: next };
      },
      ListSteps({ ClusterId, Marker, StepStates }: Json) {
        const states = StepStates as string[] | undefined;
        const { steps } = clusterNamed(ClusterId as string);
        const found = visible(steps).filter((step) => states?.includes(toldState(step)) ?? true);
        const { items, next } = page(found, Marker as string, PAGE);
        return { Steps: items.map(stepOf), Marker: next };
      },
      AddJobFlowSteps({ JobFlowId, Steps }: { JobFlowId: string; Steps: sdk.StepConfig[] }) {
        return { StepIds: addSteps(clusterNamed(JobFlowId), Steps) };
      },
      DescribeStep({ ClusterId, StepId }: { ClusterId: string; StepId: string }) {
        const step = clusterNamed(ClusterId).steps.find(({ id }) => id === StepId);
        if (step !== undefined) return { Step: stepOf(step) };
        throw new ServiceError('InvalidRequestException', `Step id '${StepId}' is not valid.`);
      },
      CancelSteps({ ClusterId = '', StepIds = [], ...how }: sdk.CancelStepsInput) {
        const cluster = clusterNamed(ClusterId);
        const isForced = how.StepCancellationOption === 'TERMINATE_PROCESS';
        if (ENDED.includes(cluster.state)) {
          throw new ServiceError('InvalidRequestException', 'The cluster has ended.');
        }
        const CancelStepsInfoList = StepIds.map((StepId) => {
          const step = cluster.steps.find(({ id }) => id === StepId);
          if (step === undefined || !OPEN.includes(step.state)) {
            return { StepId, Status: 'FAILED', Reason: 'The step has ended.' };
          }
          cancel(cluster, step, isForced);
          return { StepId, Status: 'SUBMITTED' };
        });
        return { CancelStepsInfoList };
      },
      TerminateJobFlows({ JobFlowIds }: { JobFlowIds: string[] }) {
        const reason = { Code: 'USER_REQUEST', Message: 'Terminated by user request' };
        for (const id of JobFlowIds) terminate(clusterNamed(id), reason);
        return {};
      },
      PutManagedScalingPolicy({
        ClusterId,
        ManagedScalingPolicy,
      }: sdk.PutManagedScalingPolicyInput) {
        clusterNamed(ClusterId ?? '').scaling = ManagedScalingPolicy;
        return {};
      },
      GetManagedScalingPolicy({ ClusterId }: { ClusterId: string }) {
        return { ManagedScalingPolicy: clusterNamed(ClusterId).scaling };
      },
      PutAutoTerminationPolicy({
        ClusterId,
        AutoTerminationPolicy,
      }: sdk.PutAutoTerminationPolicyInput) {
        clusterNamed(ClusterId ?? '').termination = AutoTerminationPolicy;
        return {};
      },
      GetAutoTerminationPolicy({ ClusterId }: { ClusterId: string }) {
        return { AutoTerminationPolicy: clusterNamed(ClusterId).termination };
      },
    },
  });

  return {
    guarantee,
    forgetEnded: () => {
      for (const [id, { state }] of known) if (state.startsWith('TERMINATED')) known.delete(id);
    },
    clusters: () =>
      [...known.values()].map(({ id, input, state, steps }) => ({
        ...{ id, name: input.Name ?? '', state, steps },
      })),
    loseCluster(id, stepLagMs) {
      const reason = { Code: 'INSTANCE_FAILURE', Message: 'The primary node failed' };
      terminate(clusterNamed(id), reason, { isError: true, stepLagMs });
    },
    failNextSteps: (log, times) => void (failures = Array<string>(times).fill(log)),
    failNextCluster: (Code, Message) => void (nextClusterFailure = { Code, Message }),
    limitClusters: (most = Infinity) => void (mostClusters = most),
    async stop() {
      for (const timer of timers) clearTimeout(timer);
      for (const { steps } of known.values()) for (const step of steps) step.process?.kill();
      await Promise.all(working);
    },
  };
}
