/** Keeps a lease for as long as an activity works under it, and ends the work when it is lost. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Context, log } from '@temporalio/activity';
import { WatchlakeError } from '../core/errors';
import type { LeaseInput } from '../registry/leases';
import type { Registry } from '../registry/registry';
import { alive } from './alive';

type Renewing = Pick<Registry, 'renewLease'>;

export type Leases = Pick<Registry, 'acquireLease' | 'renewLease' | 'releaseLease'>;

const RENEWALS_IN_A_LEASE = 3;

/** Throws LEASE_LOST unless the lease is still the holder's; a late one that nobody took goes on. */
async function renew(registry: Renewing, lease: LeaseInput): Promise<void> {
  const { renewed, holder } = await registry.renewLease(lease);
  if (!renewed) throw new WatchlakeError('LEASE_LOST', { name: lease.name, holder });
}

/**
 * Works under the lease of the run, whose time is short: a run that is terminated gives way soon.
 * Without a lease (a run that an earlier release has started) the work goes on by itself.
 */
export async function holdingLease<T>(
  registry: Renewing,
  lease: LeaseInput | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { signal } = alive();
  if (lease === undefined) return work(signal);
  const lost = new AbortController();
  const keep = async () => {
    // A run that was cancelled may have given the lease back: it is not to be touched any more.
    if (!signal.aborted) await renew(registry, lease);
  };
  await keep();
  const timer = setInterval(
    () => void keep().catch((error: unknown) => onFailure(error, lost)),
    (lease.ttlSeconds * 1000) / RENEWALS_IN_A_LEASE,
  );
  try {
    const result = await work(AbortSignal.any([signal, lost.signal]));
    lost.signal.throwIfAborted();
    return result;
  } catch (error) {
    throw lost.signal.aborted ? lost.signal.reason : error;
  } finally {
    clearInterval(timer);
  }
}

const LEASE_SECONDS = 300;
const LOOK_EVERY_MS = 1_000;

/** By when it was scheduled: later attempts come later in the order of text, also those of another run. */
const attemptOf = (of: string): string =>
  `${of}@${new Date(Context.current().info.currentAttemptScheduledTimestampMs).toISOString()}`;

/**
 * Works when nobody else works under the name; a holder that was killed and does not come back gives way in five minutes, and
 * at once to its own next attempt. Each attempt holds the lease by itself: a late end of one that was given up frees nothing.
 */
export async function inTurn<T>(
  registry: Leases,
  { name, holder: of }: { name: string; holder: string },
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { signal, report } = alive();
  const holder = attemptOf(of);
  const lease = { name, holder, ttlSeconds: LEASE_SECONDS };
  const isFormer = (other: string) => other.startsWith(`${of}@`) && other < holder;
  for (;;) {
    signal.throwIfAborted();
    const taken = await registry.acquireLease(lease);
    if (taken.acquired) break;
    if (isFormer(taken.holder)) {
      const instead = taken.holder;
      if ((await registry.acquireLease({ ...lease, instead })).acquired) break;
    }
    report({ waitingFor: name });
    await sleep(LOOK_EVERY_MS, undefined, { signal });
  }
  try {
    return await holdingLease(registry, lease, work);
  } finally {
    await registry.releaseLease({ name, holder });
  }
}

/** An outage of the database may be over by the next time; a lease that is lost stays lost. */
function onFailure(error: unknown, lost: AbortController): void {
  if (error instanceof WatchlakeError && error.code === 'LEASE_LOST') lost.abort(error);
  else log.warn('the lease could not be renewed this time', { error: String(error) });
}
