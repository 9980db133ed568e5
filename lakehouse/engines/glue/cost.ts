/** What job runs of Glue cost: their DPU hours. */
import type { JobRun, WorkerType } from '@aws-sdk/client-glue';
import type { SessionCost } from '../jobs/ports';
import type { PriceTable } from '../jobs/prices';
import { dpuHourUsd } from '../jobs/prices';

const HOUR_SECONDS = 3600;
// The least that is paid for.
const LEAST_SECONDS = 60;

/** DPU of one worker: https://docs.aws.amazon.com/glue/latest/dg/worker-types.html */
const DPUS: Partial<Record<WorkerType, number>> = {
  'G.025X': 0.25,
  'G.1X': 1,
  'G.2X': 2,
  'G.4X': 4,
  'G.8X': 8,
};

/** As Glue counts them with auto-scaling, else all workers for the whole time. */
function dpuSeconds({
  DPUSeconds,
  ExecutionTime = 0,
  WorkerType: type,
  NumberOfWorkers = 1,
}: JobRun) {
  if (DPUSeconds !== undefined) return DPUSeconds;
  if (ExecutionTime === 0) return 0;
  return Math.max(LEAST_SECONDS, ExecutionTime) * NumberOfWorkers * (DPUS[type ?? 'G.1X'] ?? 1);
}

export function runsCost(
  runs: readonly JobRun[],
  { prices, region }: { prices: PriceTable; region: string },
): SessionCost {
  const seconds = runs.reduce((sum, run) => sum + dpuSeconds(run), 0);
  const price = dpuHourUsd(prices, region);
  return {
    what: `${runs.length} job runs`,
    seconds: Math.round(seconds),
    costUsd: price === null ? null : (price * seconds) / HOUR_SECONDS,
    pricesOf: prices.date,
  };
}
