/** The calls of EMR that the engine makes, their pages put together and their errors translated. */
import {
  AddJobFlowStepsCommand,
  CancelStepsCommand,
  DescribeClusterCommand,
  DescribeStepCommand,
  ListClustersCommand,
  ListInstancesCommand,
  ListStepsCommand,
  RunJobFlowCommand,
  TerminateJobFlowsCommand,
  type Cluster,
  type ClusterSummary,
  type EMRClient,
  type Instance,
  type RunJobFlowInput,
  type Step,
  type StepConfig,
  type StepSummary,
} from '@aws-sdk/client-emr';
import { callingAws } from '../../../core/aws';

export interface EmrCalls {
  clustersSince(createdAfter: Date): Promise<ClusterSummary[]>;
  /** Of everybody in the account. */
  liveClusters(): Promise<ClusterSummary[]>;
  run(request: RunJobFlowInput): Promise<string>;
  cluster(id: string): Promise<Cluster>;
  instances(id: string): Promise<Instance[]>;
  terminate(ids: readonly string[]): Promise<void>;
  /** Oldest first. */
  steps(cluster: string): Promise<StepSummary[]>;
  addStep(cluster: string, step: StepConfig): Promise<string>;
  step(cluster: string, id: string): Promise<Step>;
  cancelStep(cluster: string, id: string): Promise<void>;
}

// That have machines, or ask for some.
const LIVE = ['STARTING', 'BOOTSTRAPPING', 'RUNNING', 'WAITING', 'TERMINATING'] as const;

interface Page<T> {
  readonly items: readonly T[] | undefined;
  readonly marker: string | undefined;
}

async function allPages<T>(page: (marker?: string) => Promise<Page<T>>): Promise<T[]> {
  const all: T[] = [];
  let marker: string | undefined;
  do {
    const { items = [], marker: next } = await page(marker);
    all.push(...items);
    marker = next;
  } while (marker !== undefined);
  return all;
}

/** `starter` tries once: what it starts is not to be started again without a look. */
export function emrCalls(emr: EMRClient, starter: EMRClient): EmrCalls {
  const call = <T>(action: string, send: () => Promise<T>): Promise<T> =>
    callingAws(`elasticmapreduce:${action}`, send);
  return {
    clustersSince: (CreatedAfter) =>
      allPages(async (Marker) => {
        const command = new ListClustersCommand({ CreatedAfter, Marker });
        const answer = await call('ListClusters', () => emr.send(command));
        return { items: answer.Clusters, marker: answer.Marker };
      }),
    liveClusters: () =>
      allPages(async (Marker) => {
        const command = new ListClustersCommand({ ClusterStates: [...LIVE], Marker });
        const answer = await call('ListClusters', () => emr.send(command));
        return { items: answer.Clusters, marker: answer.Marker };
      }),
    run: async (request) => {
      const command = new RunJobFlowCommand(request);
      return (await call('RunJobFlow', () => starter.send(command))).JobFlowId as string;
    },
    cluster: async (ClusterId) => {
      const command = new DescribeClusterCommand({ ClusterId });
      return (await call('DescribeCluster', () => emr.send(command))).Cluster ?? {};
    },
    instances: (ClusterId) =>
      allPages(async (Marker) => {
        const command = new ListInstancesCommand({ ClusterId, Marker });
        const answer = await call('ListInstances', () => emr.send(command));
        return { items: answer.Instances, marker: answer.Marker };
      }),
    terminate: async (ids) => {
      const command = new TerminateJobFlowsCommand({ JobFlowIds: [...ids] });
      await call('TerminateJobFlows', () => emr.send(command));
    },
    steps: async (ClusterId) => {
      const newestFirst = await allPages(async (Marker) => {
        const command = new ListStepsCommand({ ClusterId, Marker });
        const answer = await call('ListSteps', () => emr.send(command));
        return { items: answer.Steps, marker: answer.Marker };
      });
      return newestFirst.reverse();
    },
    addStep: async (JobFlowId, step) => {
      const command = new AddJobFlowStepsCommand({ JobFlowId, Steps: [step] });
      const { StepIds = [] } = await call('AddJobFlowSteps', () => starter.send(command));
      return StepIds[0] as string;
    },
    step: async (ClusterId, StepId) => {
      const command = new DescribeStepCommand({ ClusterId, StepId });
      return (await call('DescribeStep', () => emr.send(command))).Step ?? {};
    },
    cancelStep: async (ClusterId, id) => {
      const command = new CancelStepsCommand({
        ClusterId,
        StepIds: [id],
        StepCancellationOption: 'TERMINATE_PROCESS',
      });
      await call('CancelSteps', () => emr.send(command));
    },
  };
}
