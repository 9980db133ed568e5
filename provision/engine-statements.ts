/** What the worker needs for the engines that AWS runs: clusters of EMR, jobs of Glue, and their roles. */
import type { Arns } from './arns';
import type { Statement } from './policy-document';
import { ENVIRONMENT_TAG, namesOf, type Target } from './target';

const tagged = (key: string, environment: string) => ({
  StringEquals: { [`elasticmapreduce:${key}/${ENVIRONMENT_TAG}`]: environment },
});

// A cluster is told these when it is made. AWS's guide asks for the first one besides RunJobFlow, and leaves open whether
// it then goes by the tags of the request or of the cluster: so both are allowed.
const CLUSTER_POLICIES = ['PutAutoTerminationPolicy', 'PutManagedScalingPolicy'];
const ofEmr = (actions: readonly string[]): string[] =>
  actions.map((action) => `elasticmapreduce:${action}`);

function clusterStatements({ environment }: Target, arns: Arns): Statement[] {
  return [
    {
      sid: 'StartClusters',
      purpose:
        'Starts clusters that carry the tag of the environment, end by themselves and scale; a cluster has no name to allow before it is there.',
      actions: ofEmr(['RunJobFlow', 'AddTags', ...CLUSTER_POLICIES]),
      resources: ['*'],
      conditions: tagged('RequestTag', environment),
    },
    {
      sid: 'FindClusters',
      purpose: 'Looks for a cluster by its name; EMR allows that for all clusters or for none.',
      actions: ['elasticmapreduce:ListClusters'],
      resources: ['*'],
    },
    {
      sid: 'UseClusters',
      purpose:
        'Gives steps to clusters of the environment, follows and cancels them, ends the cluster, and sets when it ends by itself and how it scales.',
      actions: ofEmr([
        ...['DescribeCluster', 'ListInstances', 'AddJobFlowSteps', 'ListSteps', 'DescribeStep'],
        ...['CancelSteps', 'TerminateJobFlows', ...CLUSTER_POLICIES],
      ]),
      resources: [arns.clusters],
      conditions: tagged('ResourceTag', environment),
    },
  ];
}

/** Besides what the worker may do with the lake. */
export function engineStatements(target: Target, arns: Arns): Statement[] {
  const { emrRole, emrInstanceRole, glueRole } = namesOf(target);
  return [
    ...clusterStatements(target, arns),
    {
      sid: 'RunJobs',
      purpose: 'Defines the jobs of the environment, and starts, follows and stops their runs.',
      actions: [
        ...['GetJob', 'CreateJob', 'UpdateJob', 'TagResource'],
        ...['StartJobRun', 'GetJobRun', 'GetJobRuns', 'BatchStopJobRun'],
      ].map((action) => `glue:${action}`),
      resources: [arns.jobs],
    },
    {
      sid: 'PassRoles',
      purpose:
        'Gives clusters and jobs the roles of the environment, and no other role to anything else.',
      actions: ['iam:PassRole'],
      resources: [emrRole, emrInstanceRole, glueRole].map((name) => arns.role(name)),
      conditions: {
        StringEquals: {
          'iam:PassedToService': [
            ...['elasticmapreduce.amazonaws.com', 'ec2.amazonaws.com', 'glue.amazonaws.com'],
          ],
        },
      },
    },
  ];
}
