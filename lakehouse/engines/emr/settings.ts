/** What a cluster of EMR is made of, as the configuration says, and the request that starts one. */
import type { InstanceGroupConfig, RunJobFlowInput, Tag } from '@aws-sdk/client-emr';

export interface EmrSettings {
  /** Of what `watchlake provision` has made; part of names and tags. */
  readonly environment: string;
  readonly releaseLabel: string;
  readonly primaryType: string;
  readonly coreType: string;
  readonly coreInstances: number;
  readonly taskType: string;
  /** Core and task instances that managed scaling may use together. */
  readonly maximumInstances: number;
  readonly taskSpot: boolean;
  readonly subnet?: string;
  /** `s3://bucket/prefix/`. */
  readonly logUri: string;
  readonly serviceRole: string;
  readonly instanceProfile: string;
  /** The cluster ends by itself when it has had nothing to do for so long. */
  readonly idleSeconds: number;
  readonly stepsAtOnce: number;
}

/** Without it, EMR's own policy lets the service touch nothing. */
const MANAGED_POLICY_TAG = { Key: 'for-use-with-amazon-emr-managed-policies', Value: 'true' };
export const ENVIRONMENT_TAG = 'watchlake-environment';

const tagsOf = ({ environment }: EmrSettings, facts: Readonly<Record<string, string>>): Tag[] => [
  MANAGED_POLICY_TAG,
  { Key: ENVIRONMENT_TAG, Value: environment },
  ...Object.entries(facts).map(([name, Value]) => ({ Key: `watchlake-${name}`, Value })),
];

/** Task instances are all that scaling adds: they hold no data, and may be taken away. */
function instanceGroups(settings: EmrSettings): InstanceGroupConfig[] {
  const { primaryType, coreType, coreInstances, taskType, taskSpot, maximumInstances } = settings;
  const group = (InstanceRole: InstanceGroupConfig['InstanceRole'], InstanceType: string) => ({
    ...{
      Name: InstanceRole?.toLowerCase(),
      InstanceRole,
      InstanceType,
      Market: 'ON_DEMAND' as const,
    },
  });
  const task = { ...group('TASK', taskType), InstanceCount: 0 };
  return [
    { ...group('MASTER', primaryType), InstanceCount: 1 },
    { ...group('CORE', coreType), InstanceCount: coreInstances },
    ...(maximumInstances > coreInstances
      ? [{ ...task, Market: taskSpot ? ('SPOT' as const) : ('ON_DEMAND' as const) }]
      : []),
  ];
}

/** A cluster that stays while there may be more steps, and ends by itself when nobody ends it. */
export function clusterRequest(
  settings: EmrSettings,
  name: string,
  facts: Readonly<Record<string, string>>,
): RunJobFlowInput {
  const { coreInstances, maximumInstances, taskSpot, subnet } = settings;
  return {
    Name: name,
    ReleaseLabel: settings.releaseLabel,
    Applications: [{ Name: 'Spark' }],
    ServiceRole: settings.serviceRole,
    JobFlowRole: settings.instanceProfile,
    LogUri: settings.logUri,
    Tags: tagsOf(settings, facts),
    VisibleToAllUsers: true,
    StepConcurrencyLevel: settings.stepsAtOnce,
    Instances: {
      InstanceGroups: instanceGroups(settings),
      KeepJobFlowAliveWhenNoSteps: true,
      TerminationProtected: false,
      ...(subnet === undefined ? {} : { Ec2SubnetId: subnet }),
    },
    AutoTerminationPolicy: { IdleTimeout: settings.idleSeconds },
    ManagedScalingPolicy: {
      ComputeLimits: {
        UnitType: 'Instances',
        MinimumCapacityUnits: coreInstances,
        MaximumCapacityUnits: Math.max(coreInstances, maximumInstances),
        MaximumCoreCapacityUnits: coreInstances,
        ...(taskSpot ? { MaximumOnDemandCapacityUnits: coreInstances } : {}),
      },
    },
  };
}
