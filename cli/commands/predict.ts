/** `watchlake predict`: starts and stops the classification of the live stream. */
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import type { Command } from 'commander';
import { setTimeout as sleep } from 'node:timers/promises';
import { WatchlakeError } from '../../core/errors';
import { fewOf } from '../../core/few-of';
import { workflowIds } from '../../core/workflow-ids';
import { noChampion } from '../../registry/no-champion';
import type { CommandContext } from '../../workers/connect';
import type { PredictResult } from '../../workflows/predict-stream';
import { declare, waiting, type WaitingOptions } from '../command';
import { commandLine, followRun } from '../follow-run';
import { learnedFrom } from '../learned-from';
import { FailedRun } from '../problem';
import { runLink } from '../run-links';
import { startRun, withContext, type StartedRun } from '../run-workflow';
import type { Actions, Outcome, Shell } from '../shell';
import { showFacts, showHeading } from '../tables';
import { count } from '../voice';

interface PredictOptions extends WaitingOptions {
  dataset?: string;
  model: string;
  follow: boolean;
  stop: boolean;
  yes: boolean;
}

// What cannot run at all dies sooner than this.
const FIRST_MOMENTS_MS = 1_500;

function ended(result: PredictResult, run: object): Outcome {
  return {
    result: { ...run, ...result },
    show: (voice) => {
      showHeading(voice, `The predictor of ${result.model} has ended`);
      showFacts(voice, {
        version: result.version,
        'windows predicted': count(result.predicted),
        'late samples': count(result.late),
        'unreadable batches': count(result.deadLettered),
      });
    },
  };
}

/** A predictor that a run has started ends with that run, whoever else counts on it. */
async function tellOwner(
  shell: Shell,
  { client }: CommandContext,
  { dataset, model }: { dataset: string; model: string },
): Promise<void> {
  const { parentExecution } = await client.workflow
    .getHandle(workflowIds.predictStream(model))
    .describe();
  if (!parentExecution?.workflowId) return;
  const again = commandLine(shell, `predict --dataset ${dataset} --model ${model}`);
  shell.notes.line(
    `${parentExecution.workflowId} has started it, and stops it when it ends: \`${again}\` starts one that stays.`,
  );
}

/** Whoever started the predictor waits for what it predicts, and fails without it. */
async function confirmStop({ client }: CommandContext, model: string): Promise<void> {
  const handle = client.workflow.getHandle(workflowIds.predictStream(model));
  const { status, parentExecution } = await handle.describe();
  const parent = parentExecution?.workflowId;
  if (status.name !== 'RUNNING' || !parent) return;
  const what = `${parent} needs the predictor of ${model}, and fails when it is stopped.`;
  throw new WatchlakeError('CONFIRMATION_NEEDED', { what });
}

/** False when it has ended before; WorkflowNotFoundError when it never ran. */
async function askToStop(client: Client, workflowId: string): Promise<boolean> {
  const handle = client.workflow.getHandle(workflowId);
  try {
    await handle.signal('stop');
    return true;
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
    await handle.describe();
    return false;
  }
}

async function stop(
  shell: Shell,
  context: CommandContext,
  { model, yes }: PredictOptions,
): Promise<Outcome> {
  if (!yes) await confirmStop(context, model);
  const workflowId = workflowIds.predictStream(model);
  const { client, addresses } = context;
  const namespace = shell.config.TEMPORAL_NAMESPACE;
  const link = runLink({ uiUrl: addresses.temporal.uiUrl, namespace, workflowId });
  if (!(await askToStop(client, workflowId))) {
    shell.notes.line(`The predictor of ${model} had ended before; this is what it did.`);
  }
  const result = await followRun<PredictResult>(shell, client, { workflowId, link });
  return ended(result, { workflowId, link });
}

/** A model may well classify streams of another dataset, also of one without recordings, but seldom is that meant. */
async function checkStream(
  shell: Shell,
  context: CommandContext,
  { dataset, model }: { dataset: string; model: string },
): Promise<void> {
  const learned = await learnedFrom(context, model);
  if (learned === null) throw await noChampion(context.registry, model);
  if (learned === dataset) return;
  shell.notes.line(
    `The champion of ${model} learned from ${learned}, and classifies streams of ${dataset}; ` +
      '`--model <name>` takes another model.',
  );
  const landed = await context.datasets();
  if (landed.includes(dataset)) return;
  const known = fewOf(landed) ?? 'nothing yet';
  const stopping = commandLine(shell, `predict --stop --model ${model}`);
  shell.notes.line(
    `No recordings of ${dataset} have landed (the lake has: ${known}); a mistyped one is stopped with \`${stopping}\`.`,
  );
}

/** The result of a predictor that has ended already, FailedRun of one that has died; else null. */
async function endedAtOnce(
  { client }: CommandContext,
  run: StartedRun,
): Promise<PredictResult | null> {
  const result = client.workflow.getHandle(run.workflowId).result() as Promise<PredictResult>;
  // Nobody waits for it any more once it runs.
  result.catch(() => undefined);
  const moments = new AbortController();
  try {
    const { signal } = moments;
    return await Promise.race([result, sleep(FIRST_MOMENTS_MS, null, { signal })]);
  } catch (error) {
    throw new FailedRun(run, error);
  } finally {
    moments.abort();
  }
}

async function start(
  shell: Shell,
  context: CommandContext,
  { dataset, model, follow, cancelOnExit }: PredictOptions,
): Promise<Outcome> {
  if (dataset === undefined) {
    throw new WatchlakeError('USAGE_INVALID', { detail: 'predict needs --dataset <name>.' });
  }
  await checkStream(shell, context, { dataset, model });
  const request = {
    workflow: 'predictStream' as const,
    workflowId: workflowIds.predictStream(model),
    input: { dataset, model },
    summary: `Predict with ${model}`,
  };
  const run = await startRun(shell, context, request, { cancelOnExit });
  if (follow) {
    const options = { ...run, cancelOnExit };
    return ended(await followRun<PredictResult>(shell, context.client, options), run);
  }
  await tellOwner(shell, context, { dataset, model });
  const early = await endedAtOnce(context, run);
  if (early !== null) return ended(early, run);
  return {
    result: { ...run, model, dataset },
    show: (voice) => {
      showHeading(voice, `The predictor of ${model} runs`);
      showFacts(voice, {
        run: run.link || run.workflowId,
        watch: commandLine(shell, `attach ${run.workflowId}`),
        stop: commandLine(shell, `predict --stop --model ${model}`),
      });
    },
  };
}

export function addPredict(program: Command, act: Actions): void {
  const command = declare(program, {
    usage: 'predict',
    about: "Classifies the live stream with the model's champion, until it is stopped.",
    examples: ['predict --dataset watch-exercises', 'predict --stop'],
  })
    .option('--dataset <name>', 'dataset whose streams are classified')
    .option('--model <name>', 'name of the model', 'activity')
    .option('--follow', 'stay and show its progress', false)
    .option('--stop', 'end it cleanly, and show what it has done', false)
    .option('--yes', 'with --stop: also when an open run needs it, and fails without it', false);
  waiting(command).action(
    act(async (shell, options: PredictOptions) =>
      withContext(shell, (context) =>
        options.stop ? stop(shell, context, options) : start(shell, context, options),
      ),
    ),
  );
}
