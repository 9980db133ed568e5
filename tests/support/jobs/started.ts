/** What a session has started at the services, whatever it is, and a second start beside it, as a paused worker makes it. */
import { AddJobFlowStepsCommand, CancelStepsCommand, EMRClient } from '@aws-sdk/client-emr';
import { BatchStopJobRunCommand, GlueClient, StartJobRunCommand } from '@aws-sdk/client-glue';
import type { CloudEngineName } from '../../../core/engine-names';
import type { JobCloud } from './cloud';

export interface StartedJob {
  readonly id: string;
  readonly state: string;
  /** The cluster, or the job's definition. */
  readonly place: string;
}

/** Oldest first. */
export function startedBy(cloud: JobCloud, engine: CloudEngineName, session: string): StartedJob[] {
  if (engine === 'glue') {
    const runs = cloud.glue().runs();
    const ours = runs.filter(({ input }) => input.Arguments?.['--session'] === session);
    return ours.map(({ id, state, job: place }) => ({ id, state, place }));
  }
  const clusters = cloud.emr().clusters();
  return clusters
    .filter(({ name }) => name.includes(session))
    .flatMap(({ id: place, steps }) => steps.map(({ id, state }) => ({ id, state, place })));
}

/** Another start of the session's first one: the same work, another attempt. */
export async function startTwin(
  cloud: JobCloud,
  engine: CloudEngineName,
  { session, attempt }: { session: string; attempt: string },
): Promise<void> {
  const [{ id = '', place = '' } = {}] = startedBy(cloud, engine, session);
  const { client } = cloud.gateway();
  if (engine === 'glue') {
    const given = cloud
      .glue()
      .runs()
      .find((run) => run.id === id)?.input.Arguments;
    const Arguments = { ...given, '--attempt': attempt };
    await new GlueClient(client).send(new StartJobRunCommand({ JobName: place, Arguments }));
    return;
  }
  const steps = cloud
    .emr()
    .clusters()
    .flatMap((cluster) => cluster.steps);
  const config = steps.find((step) => step.id === id)?.config;
  const args = [...(config?.HadoopJarStep?.Args ?? [])];
  args[args.indexOf('--attempt') + 1] = attempt;
  const twin = { ...config, HadoopJarStep: { ...config?.HadoopJarStep, Args: args } };
  const request = { JobFlowId: place, Steps: [twin] } as AddJobFlowStepsCommand['input'];
  await new EMRClient(client).send(new AddJobFlowStepsCommand(request));
}

/** As somebody does who has had enough of it. */
export async function stopStarted(
  cloud: JobCloud,
  engine: CloudEngineName,
  { id, place }: StartedJob,
): Promise<void> {
  const { client } = cloud.gateway();
  if (engine === 'glue') {
    const request = new BatchStopJobRunCommand({ JobName: place, JobRunIds: [id] });
    await new GlueClient(client).send(request);
    return;
  }
  const request = { ClusterId: place, StepIds: [id] };
  await new EMRClient(client).send(new CancelStepsCommand(request));
}
