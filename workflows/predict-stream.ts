/** Supervises the exactly-once predictor of one model until it is told to stop. */
import {
  ActivityFailure,
  CancellationScope,
  TimeoutFailure,
  allHandlersFinished,
  condition,
  continueAsNew,
  defineSignal,
  isCancellation,
  proxyActivities,
  setHandler,
} from '@temporalio/workflow';
import type { StreamActivities } from '../activities/stream-activities';
import type { ValidInput, WorkflowInput } from '../activities/inputs';
import { SHORT, STREAMING } from './profiles';
import { tagRun, trackProgress } from './progress';
import { validated } from './validate';

const { runPredictor } = proxyActivities<StreamActivities>(STREAMING);
const { prepareTopics } = proxyActivities<StreamActivities>(SHORT);

/** Ends the predictor at a committed offset, and with it the workflow. */
export const stopSignal = defineSignal('stop');

export interface PredictResult {
  model: string;
  version: string | null;
  predicted: number;
  late: number;
  deadLettered: number;
}

export async function predictStream(raw: WorkflowInput<'predictStream'>): Promise<PredictResult> {
  const progress = trackProgress();
  let stopping = false;
  setHandler(stopSignal, () => void (stopping = true), {
    description: 'Ends the predictor cleanly',
  });
  const input = await validated('predictStream', raw);
  tagRun({ dataset: input.dataset, model: input.model });
  await prepareTopics({});

  progress('predicting', { model: input.model, before: input.carried.predicted });
  const run = await predictUntil(input, () => stopping);
  const totals = addUp(input, run);
  await condition(allHandlersFinished);
  progress(stopping ? 'stopped' : 'continuing as new', { predicted: totals.predicted });
  if (stopping) return { model: input.model, version: run.version, ...totals };
  // The history of one run stays short; the committed offsets carry the state over.
  return continueAsNew<typeof predictStream>({ ...input, carried: totals });
}

type Run = Awaited<ReturnType<typeof runPredictor>>;

const NOTHING_KNOWN: Run = { version: null, predicted: 0, late: 0, deadLettered: 0 };

/** Runs the predictor until the wait is over, stops it, and gives what it did by then. */
async function predictUntil(
  { model, dataset, runMinutes }: ValidInput<'predictStream'>,
  over: () => boolean,
): Promise<Run> {
  const predictor = new CancellationScope();
  let ended = false;
  const running = predictor
    .run(() => runPredictor({ model, dataset }))
    .finally(() => (ended = true));
  // A failure ends the wait as well; it is thrown where `running` is awaited.
  const settled = running.catch(() => undefined);
  let told = false;
  try {
    const runMs = Math.ceil(runMinutes * 60_000);
    await condition(() => over() || ended, runMs, { summary: 'Until a new history begins' });
    told = !ended;
  } finally {
    predictor.cancel();
    // A cancelled workflow, too, ends only when its predictor has stopped at a committed offset.
    await settled;
  }
  return running.catch((error: unknown) => {
    if (told && hasStopped(error)) return NOTHING_KNOWN;
    throw error;
  });
}

/** Told to stop before it had started, or its worker died first: no offset is lost by either. */
const hasStopped = (error: unknown): boolean =>
  isCancellation(error) ||
  (error instanceof ActivityFailure && error.cause instanceof TimeoutFailure);

const addUp = (
  { carried }: ValidInput<'predictStream'>,
  run: { predicted: number; late: number; deadLettered: number },
) => ({
  predicted: carried.predicted + run.predicted,
  late: carried.late + run.late,
  deadLettered: carried.deadLettered + run.deadLettered,
});
