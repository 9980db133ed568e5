/** Keeps a lease for as long as an activity works under it, and ends the work when it is lost. */
import { log } from '@temporalio/activity';
import { WatchlakeError } from '../core/errors';
import type { LeaseInput } from '../registry/leases';
import type { Registry } from '../registry/registry';
import { alive } from './alive';

const RENEWALS_IN_A_LEASE = 3;

/** Throws LEASE_LOST unless the lease is still the holder's; a late one that nobody took goes on. */
async function renew(registry: Registry, lease: LeaseInput): Promise<void> {
  const { renewed, holder } = await registry.renewLease(lease);
  if (!renewed) throw new WatchlakeError('LEASE_LOST', { name: lease.name, holder });
}

/**
 * Works under the lease of the run, whose time is short: a run that is terminated gives way soon.
 * Without a lease (a run that an earlier release has started) the work goes on by itself.
 */
export async function holdingLease<T>(
  registry: Registry,
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

/** An outage of the database may be over by the next time; a lease that is lost stays lost. */
function onFailure(error: unknown, lost: AbortController): void {
  if (error instanceof WatchlakeError && error.code === 'LEASE_LOST') lost.abort(error);
  else log.warn('the lease could not be renewed this time', { error: String(error) });
}
