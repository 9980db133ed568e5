/** The emulators of EMR and of Glue's jobs as the unmodified SDK sees them, strict where the services are. */
import * as emrSdk from '@aws-sdk/client-emr';
import { GlueClient, StartJobRunCommand } from '@aws-sdk/client-glue';
import { useJobCloud } from '../support/jobs/cloud';
import { untilTrue } from '../support/jobs/made-table';
import { shapeNamed, shapeProblem } from '../support/jobs/shapes';

const cloud = useJobCloud({ idleSecondMs: 5, startMs: 20, endMs: 20, listLagMs: 3_000 });
const emr = () => new emrSdk.EMRClient({ ...cloud.gateway().client, maxAttempts: 1 });
const roles = { ServiceRole: 'service', JobFlowRole: 'profile', ReleaseLabel: 'emr-7.12.0' };

async function newCluster(changes: Partial<emrSdk.RunJobFlowInput> = {}): Promise<string> {
  const Instances = { KeepJobFlowAliveWhenNoSteps: true };
  const request = { ...{ Name: 'made', Instances }, ...roles, ...changes };
  const { JobFlowId } = await emr().send(new emrSdk.RunJobFlowCommand(request));
  return JobFlowId as string;
}

const step = (text: string, ActionOnFailure: emrSdk.ActionOnFailure = 'CONTINUE') => ({
  ...{ Name: 'made', ActionOnFailure },
  HadoopJarStep: { Jar: 'command-runner.jar', Args: ['spark-submit', text] },
});

const add = (JobFlowId: string, Steps: emrSdk.StepConfig[]) =>
  emr().send(new emrSdk.AddJobFlowStepsCommand({ JobFlowId, Steps }));

const stateOf = (id: string) =>
  cloud
    .emr()
    .clusters()
    .find((cluster) => cluster.id === id)?.state;

test('a step of more than 10,240 characters is refused', async () => {
  const id = await newCluster();
  await expect(add(id, [step('x'.repeat(10_240))])).rejects.toThrow(/10240/);
});

test('there are 256 steps at most that have not ended', async () => {
  const id = await newCluster();
  await expect(add(id, Array(257).fill(step('x')) as emrSdk.StepConfig[])).rejects.toThrow(
    /Maximum/,
  );
});

test('steps side by side have to leave each other alone', async () => {
  const id = await newCluster({ StepConcurrencyLevel: 2 });
  await expect(add(id, [step('x', 'TERMINATE_CLUSTER')])).rejects.toThrow(/CONTINUE/);
});

test('parameters that the service does not know, lacks or has of another kind are refused', () => {
  const input = shapeNamed(emrSdk, 'RunJobFlowInput');
  const Instances = {};
  expect(shapeProblem(input, { Name: 'a', Instances })).toBeNull();
  expect(shapeProblem(input, { Name: 'a', Instances, Colour: 'red' })).toBe('Colour is not known');
  expect(shapeProblem(input, { Name: 'a' })).toBe('Instances is missing');
  expect(shapeProblem(input, { Name: 7, Instances })).toBe('Name is no string');
  const Tags = [{ Key: 'a', Worth: 'b' }];
  expect(shapeProblem(input, { Name: 'a', Instances, Tags })).toBe('Tags.0.Worth is not known');
});

test('a cluster without roles is refused', async () => {
  await expect(newCluster({ ServiceRole: undefined })).rejects.toThrow(/ServiceRole/);
});

test('a cluster with nothing to do ends by itself, and takes no steps then', async () => {
  const id = await newCluster({ AutoTerminationPolicy: { IdleTimeout: 60 } });
  await untilTrue(() => stateOf(id) === 'TERMINATED');
  await expect(add(id, [step('x')])).rejects.toThrow(/finished/);
});

test('lists have pages, and show what is new a moment later', async () => {
  const ids: string[] = [];
  for (let times = 0; times < 7; times += 1) ids.push(await newCluster({ Name: 'paged' }));
  const list = async () => {
    const names: string[] = [];
    let Marker: string | undefined;
    do {
      const page = await emr().send(new emrSdk.ListClustersCommand({ Marker }));
      names.push(...(page.Clusters ?? []).map(({ Id = '' }) => Id));
      Marker = page.Marker;
    } while (Marker);
    return names;
  };
  expect(await list()).not.toEqual(expect.arrayContaining(ids));
  await untilTrue(async () => {
    const listed = await list();
    return ids.every((id) => listed.includes(id));
  });
});

test('a job that nobody has defined is not run', async () => {
  const glue = new GlueClient(cloud.gateway().client);
  const start = glue.send(new StartJobRunCommand({ JobName: 'nobody-made-it' }));
  await expect(start).rejects.toMatchObject({ name: 'EntityNotFoundException' });
});
