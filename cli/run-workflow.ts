/** Starts a workflow under its business id, or joins the one that runs with the same inputs, and waits. */
import { parseInput } from '../activities/input-activities';
import type { WorkflowInput, WorkflowName } from '../activities/inputs';
import { differingPaths, inputOf } from '../activities/running-input';
import { isWatchlakeError, WatchlakeError } from '../core/errors';
import { shellWord } from '../core/shell-word';
import { TASK_QUEUES } from '../core/task-queues';
import type { CommandContext } from '../workers/connect';
import { demoHome } from './demo-home';
import { cancelling, followRun, left, type FollowOptions } from './follow-run';
import { runLink } from './run-links';
import { interruption, tellingOfWaits, type Shell } from './shell';

export interface RunRequest<N extends WorkflowName> {
  workflow: N;
  workflowId: string;
  input: WorkflowInput<N>;
  summary: string;
}

export interface StartedRun {
  workflowId: string;
  runId: string;
  link: string;
}

async function start<N extends WorkflowName>(
  { client, addresses }: CommandContext,
  namespace: string,
  { workflow, workflowId, input, summary }: RunRequest<N>,
): Promise<StartedRun> {
  const { firstExecutionRunId: runId } = await client.workflow.start(workflow, {
    workflowId,
    taskQueue: TASK_QUEUES.orchestration,
    args: [input],
    // What runs already is joined: the server decides, so that two commands cannot start it twice.
    workflowIdConflictPolicy: 'USE_EXISTING',
    staticSummary: summary,
  });
  const running = await inputOf(client, { workflowId, runId });
  const fields = differingPaths(workflow, input, running);
  if (fields.length > 0) {
    throw new WatchlakeError('RUN_DIFFERS', { workflow: workflowId, fields: fields.join(', ') });
  }
  const link = runLink({ uiUrl: addresses.temporal.uiUrl, namespace, workflowId, runId });
  return { workflowId, runId, link };
}

/** Once the server has the run it is cancelled, and its end is told as that of any other; a second Ctrl-C waits for neither. */
async function cancelStarted(
  shell: Shell,
  { client }: CommandContext,
  { workflowId, starting }: { workflowId: string; starting: Promise<StartedRun> },
): Promise<StartedRun> {
  shell.notes.line(cancelling(workflowId));
  const again = interruption(shell, () => left(shell, workflowId));
  const cancelled = starting.then(async (run) => {
    await client.workflow.getHandle(workflowId, run.runId).cancel();
    return run;
  });
  const run = await Promise.race([cancelled, again.hit]).finally(() => again.stop());
  await followRun(shell, client, run);
  return run;
}

/**
 * Throws INPUT_INVALID before anything is started, RUN_DIFFERS when another run has the id, INTERRUPTED when the person
 * went away meanwhile: the server may have the run already. FailedRun when it was cancelled then.
 */
export async function startRun<N extends WorkflowName>(
  shell: Shell,
  context: CommandContext,
  request: RunRequest<N>,
  { cancelOnExit = false }: Pick<FollowOptions, 'cancelOnExit'> = {},
): Promise<StartedRun> {
  const { workflow, workflowId, input } = request;
  parseInput(workflow, input);
  const starting = start(context, shell.config.TEMPORAL_NAMESPACE, request);
  const interrupt = interruption(shell, () => left(shell, workflowId));
  try {
    return await Promise.race([starting, interrupt.hit]);
  } catch (error) {
    if (!cancelOnExit || !isWatchlakeError(error) || error.code !== 'INTERRUPTED') throw error;
    return await cancelStarted(shell, context, { workflowId, starting });
  } finally {
    interrupt.stop();
  }
}

export type WaitOptions = Pick<FollowOptions, 'cancelOnExit' | 'onProgress'> & {
  /** Once the run is there, which may have been refused. */
  readonly onStarted?: () => Promise<void>;
};

/** Says where to watch it. */
export function showRun({ notes }: Shell, { workflowId, link }: StartedRun): void {
  const { dim } = notes.colors;
  notes.line(`${dim('run')} ${workflowId}  ${dim(link)}`);
}

/** Starts or joins the run, says where to watch it, and waits for its result. */
export async function runWorkflow<Result, N extends WorkflowName = WorkflowName>(
  shell: Shell,
  context: CommandContext,
  request: RunRequest<N>,
  { onStarted, ...options }: WaitOptions = {},
): Promise<{ run: StartedRun; result: Result }> {
  const run = await startRun(shell, context, request, options);
  showRun(shell, run);
  await onStarted?.();
  const result = await followRun<Result>(shell, context.client, { ...run, ...options });
  return { run, result };
}

/** Who has only tried the demo forgets that it has a home of its own. */
async function connected(shell: Shell, isPatient: boolean): Promise<CommandContext> {
  const { config, services } = shell;
  try {
    return await services.connect(config, isPatient ? tellingOfWaits(shell) : undefined);
  } catch (error) {
    if (!isWatchlakeError(error) || error.code !== 'STACK_NOT_RUNNING') throw error;
    const home = config.WATCHLAKE_HOME;
    const demo = demoHome(home);
    if ((await services.readState(demo)) === null) throw error;
    throw new WatchlakeError('STACK_NOT_RUNNING_BUT_DEMO', { home, demo: shellWord(demo) }, error);
  }
}

/** Connects, works, and closes the connection whatever happens. The patient wait for a part that is being started. */
export async function withContext<T>(
  shell: Shell,
  work: (context: CommandContext) => Promise<T>,
  { isPatient = true }: { isPatient?: boolean } = {},
): Promise<T> {
  const context = await connected(shell, isPatient);
  try {
    return await work(context);
  } finally {
    await context.close();
  }
}
