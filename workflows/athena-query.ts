/** One query on Athena, which is stopped when the workflow is cancelled; its rows never pass through here. */
import { CancellationScope, isCancellation, proxyActivities } from '@temporalio/workflow';
import type { AthenaActivities, QueryOutcome } from '../activities/athena-activities';
import type { ValidInput, WorkflowInput } from '../activities/inputs';
import { ERRANDS, SHORT } from './profiles';
import { trackProgress } from './progress';
import { validated } from './validate';

const { startAthenaQuery, stopAthenaQuery, forgetQuery } = proxyActivities<AthenaActivities>(SHORT);
const { followAthenaQuery } = proxyActivities<AthenaActivities>(ERRANDS);

export interface AthenaQueryResult extends QueryOutcome {
  /** Under which Athena has the rows. */
  executionId: string;
}

export async function athenaQuery(raw: WorkflowInput<'athenaQuery'>): Promise<AthenaQueryResult> {
  const progress = trackProgress();
  const input = await validated('athenaQuery', raw);
  try {
    return await run(input, progress);
  } finally {
    await CancellationScope.nonCancellable(() => forgetQuery({ sqlKey: input.sqlKey }));
  }
}

async function run(
  { sqlKey, database, workgroup, pricePerTb }: ValidInput<'athenaQuery'>,
  progress: ReturnType<typeof trackProgress>,
): Promise<AthenaQueryResult> {
  progress('starting', { database, workgroup });
  // Cancelled in between, it could run on with nobody who knows its id.
  const { executionId } = await CancellationScope.nonCancellable(() =>
    startAthenaQuery({ sqlKey, database, workgroup }),
  );
  progress('running', { query: executionId });
  try {
    const outcome = await followAthenaQuery({ executionId, pricePerTb });
    progress('finished', { bytes: outcome.scannedBytes, dollars: outcome.costUsd });
    return { executionId, ...outcome };
  } catch (error) {
    if (isCancellation(error)) {
      await CancellationScope.nonCancellable(() => stopAthenaQuery({ executionId }));
    }
    throw error;
  }
}
