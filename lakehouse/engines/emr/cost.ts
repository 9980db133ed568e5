/** What clusters cost: the seconds of each of their instances, by its type and market. */
import type { Instance } from '@aws-sdk/client-emr';
import { counted } from '../../../core/figures';
import type { SessionCost } from '../jobs/ports';
import type { PriceTable } from '../jobs/prices';
import { instanceHourUsd } from '../jobs/prices';
import type { EmrCalls } from './calls';

interface PricedIn {
  readonly prices: PriceTable;
  readonly region: string;
}

const HOUR_SECONDS = 3600;
// The least that is paid for.
const LEAST_SECONDS = 60;

function secondsOf({ Status }: Instance, now: Date): number {
  const { CreationDateTime: from, EndDateTime: to = now } = Status?.Timeline ?? {};
  if (from === undefined) return 0;
  return Math.max(LEAST_SECONDS, (to.getTime() - from.getTime()) / 1000);
}

/** An estimate: instances of the spot market change their price, and disks come on top. */
export async function clustersCost(
  calls: EmrCalls,
  ids: readonly string[],
  { prices, region }: PricedIn,
): Promise<SessionCost> {
  const now = new Date();
  const instances = (await Promise.all(ids.map((id) => calls.instances(id)))).flat();
  let [seconds, costUsd]: [number, number | null] = [0, 0];
  for (const instance of instances) {
    const used = secondsOf(instance, now);
    const { InstanceType = '', Market } = instance;
    const price = instanceHourUsd(prices, {
      region,
      type: InstanceType,
      isSpot: Market === 'SPOT',
    });
    seconds += used;
    costUsd = price === null || costUsd === null ? null : costUsd + (price * used) / HOUR_SECONDS;
  }
  const what = `${ids.join(', ')}: ${counted(instances.length, 'instance')}`;
  return { what, seconds: Math.round(seconds), costUsd, pricesOf: prices.date };
}
