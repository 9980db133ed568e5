/** What job runs of Glue cost: their DPU hours. */
import type { JobRun, WorkerType } from '@aws-sdk/client-glue';
import type { SessionCost } from '../jobs/ports';
import type { PriceTable } from '../jobs/prices';
import { dpuHourUsd } from '../jobs/prices';

const HOUR_SECONDS = 3600;
// The least that is paid for.
const LEAST_SECONDS = 60;

/** DPU of one worker; of others, such as those with more memory, an hour has another price: https://docs.aws.amazon.com/glue/latest/dg/worker-types.html */
const DPUS: Partial<Record<WorkerType, number>> = {
  'G.025X': 0.25,
  'G.1X': 1,
  'G.2X': 2,
  'G.4X': 4,
  'G.8X': 8,
  'G.12X': 12,
  'G.16X': 16,
  Standard: 1,
};

/** As Glue counts them with auto-scaling, else all workers for the whole time; null of a worker without a known size. */
function dpuSeconds({
  DPUSeconds,
  ExecutionTime = 0,
  WorkerType: type,
  NumberOfWorkers = 1,
}: JobRun): number | null {
  if (DPUSeconds !== undefined) return DPUSeconds;
  if (ExecutionTime === 0) return 0;
  const dpus = DPUS[type ?? 'G.1X'];
  return dpus === undefined
    ? null
    : Math.max(LEAST_SECONDS, ExecutionTime) * NumberOfWorkers * dpus;
}

export function runsCost(
  runs: readonly JobRun[],
  { prices, region }: { prices: PriceTable; region: string },
): SessionCost {
  const each = runs.map(dpuSeconds);
  const seconds = each.reduce<number>((sum, known) => sum + (known ?? 0), 0);
  const price = each.includes(null) ? null : dpuHourUsd(prices, region);
  return {
    what: `${runs.length} job runs`,
    seconds: Math.round(seconds),
    costUsd: price === null ? null : (price * seconds) / HOUR_SECONDS,
    pricesOf: prices.date,
  };
}
