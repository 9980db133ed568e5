/** What a cluster is asked for: bounded, tagged, and ended by itself when nobody ends it. */
import { clusterRequest } from '../../../../lakehouse/engines/emr/settings';
import { jobDefinition } from '../../../../lakehouse/engines/glue/settings';
import { jobCloudOptions } from '../../../support/jobs/cloud-options';

const { emr, glue } = jobCloudOptions(undefined);
const request = (changes = {}) =>
  clusterRequest({ ...emr(), ...changes }, 'a cluster', { dataset: 'stedi', session: 'one' });

test('ends by itself, and carries the tags that policies ask for', () => {
  const { AutoTerminationPolicy, Instances, Tags } = request();
  expect(AutoTerminationPolicy).toEqual({ IdleTimeout: 600 });
  expect(Instances).toMatchObject({ KeepJobFlowAliveWhenNoSteps: true });
  expect(Tags).toEqual([
    { Key: 'for-use-with-amazon-emr-managed-policies', Value: 'true' },
    { Key: 'watchlake-environment', Value: 'tests' },
    { Key: 'watchlake-dataset', Value: 'stedi' },
    { Key: 'watchlake-session', Value: 'one' },
  ]);
});

test('scales with task nodes from the spot market alone, within its limit', () => {
  const { ManagedScalingPolicy, Instances } = request();
  expect(ManagedScalingPolicy?.ComputeLimits).toEqual({
    ...{ UnitType: 'Instances', MinimumCapacityUnits: 1, MaximumCapacityUnits: 4 },
    ...{ MaximumCoreCapacityUnits: 1, MaximumOnDemandCapacityUnits: 1 },
  });
  const groups = Instances?.InstanceGroups?.map(({ InstanceRole, Market }) => [
    InstanceRole,
    Market,
  ]);
  expect(groups).toEqual([
    ['MASTER', 'ON_DEMAND'],
    ['CORE', 'ON_DEMAND'],
    ['TASK', 'SPOT'],
  ]);
});

test('without spot, task nodes are on demand; without room for them there are none', () => {
  const [, , task] = request({ taskSpot: false }).Instances?.InstanceGroups ?? [];
  expect(task).toMatchObject({ InstanceRole: 'TASK', Market: 'ON_DEMAND' });
  expect(request({ maximumInstances: 1 }).Instances?.InstanceGroups).toHaveLength(2);
});

test('another runner or another setting is another job of Glue', () => {
  const { name, create } = jobDefinition(glue(), 's3://lake/code/one.py');
  expect(name).toMatch(/^watchlake-tests-[0-9a-f]{12}$/);
  expect(create).toMatchObject({ MaxRetries: 0, Tags: { 'watchlake-environment': 'tests' } });
  const others = [
    jobDefinition(glue(), 's3://lake/code/two.py'),
    jobDefinition({ ...glue(), workers: 3 }, 's3://lake/code/one.py'),
  ];
  expect(others.map((other) => other.name)).not.toContain(name);
  expect(jobDefinition(glue(), 's3://lake/code/one.py').name).toBe(name);
});
