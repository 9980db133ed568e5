/** Keeps a predictor running for as long as a workflow has work that needs its predictions. */
import {
  CancellationScope,
  ParentClosePolicy,
  isCancellation,
  log,
  proxyActivities,
  startChild,
  type ChildWorkflowHandle,
} from '@temporalio/workflow';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import type { WorkflowActivities } from '../activities/workflow-activities';
import { WatchlakeError } from '../core/errors';
import { workflowIds } from '../core/workflow-ids';
import { hadOtherInput } from './children';
import { toFailure } from './failures';
import { predictStream, stopSignal } from './predict-stream';
import { JOINING } from './profiles';

const { awaitWorkflow } = proxyActivities<WorkflowActivities>(JOINING);

interface Stream {
  dataset: string;
  model: string;
}

/** Does the work beside a predictor; fails at once when the predictor does, since it would wait in vain. */
export async function whilePredicting<T>(stream: Stream, work: () => Promise<T>): Promise<T> {
  const keeper = keepPredictor(stream);
  const working = work();
  try {
    return await Promise.race([working, keeper.ended]);
  } catch (error) {
    // A cancelled workflow ends when all that it has started has ended.
    if (CancellationScope.current().consideredCancelled) await working;
    throw error;
  } finally {
    await CancellationScope.nonCancellable(keeper.stop);
  }
}

function keepPredictor(stream: Stream) {
  const scope = new CancellationScope();
  let own: ChildWorkflowHandle<typeof predictStream> | null = null;
  const keep = async (): Promise<never> => {
    for (;;) {
      own = await startPredictor(stream);
      if (own) {
        await own.result();
        throw toFailure(new WatchlakeError('PREDICTOR_STOPPED', { model: stream.model }));
      }
      await endOfOther(stream);
    }
  };
  const ended = scope.run(keep);
  const settled = ended.catch(() => undefined);
  return {
    ended,
    /** Stops only what was started here; by now a failure to stop must not hide how the work went. */
    stop: async () => {
      if (own) await own.signal(stopSignal).catch(notRunning);
      else scope.cancel();
      await settled;
    },
  };
}

/** Null when the model has a predictor already. */
const startPredictor = ({ dataset, model }: Stream) =>
  startChild(predictStream, {
    workflowId: workflowIds.predictStream(model),
    args: [{ dataset, model }],
    staticSummary: `Predict with ${model}`,
    parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
  }).catch((error: unknown) => {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return null;
    throw error;
  });

/** However the other run ends, the model then needs a predictor of ours; one of another dataset is no help. */
async function endOfOther({ dataset, model }: Stream): Promise<void> {
  await awaitWorkflow({
    workflowId: workflowIds.predictStream(model),
    wanted: {
      workflow: 'predictStream',
      input: { dataset, model },
      fields: ['dataset'],
      refuse: true,
    },
  }).catch((error: unknown) => {
    if (isCancellation(error) || hadOtherInput(error)) throw error;
    log.warn('the predictor that was joined has failed', { model });
  });
}

const notRunning = () => log.info('the predictor had ended before it was told to stop');
