/** Whether somebody has consented anew: what was left out or erased of them has to be stored again when it is sent again. */
import type { StreamLog } from '../ports';
import type { KeptAnswers } from './answers';
import type { RememberedEvents } from './remembered';

export interface ConsentMemoryParts {
  /** Changes whenever somebody who withdrew consents anew; 0 while nobody did. */
  readonly newestRenewal: () => Promise<number>;
  readonly remembered: Pick<RememberedEvents, 'renewal' | 'keepRenewal' | 'forgetAll'>;
  readonly answers: Pick<KeptAnswers, 'forgetAll'>;
  readonly log: StreamLog;
}

export class ConsentMemory {
  private readonly parts: ConsentMemoryParts;
  private looking: Promise<void> = Promise.resolve();

  constructor(parts: ConsentMemoryParts) {
    this.parts = parts;
  }

  /** Never fails: a ledger that is away is asked again the next time. */
  look(): Promise<void> {
    return (this.looking = this.looking.then(() => this.forgetIfRenewed()));
  }

  /** Resolves when all that is forgotten is. */
  settled(): Promise<void> {
    return this.looking;
  }

  /**
   * Of everybody: nothing here tells whose a device is. What others send again is stored twice, and the landing
   * removes the second.
   */
  private async forgetIfRenewed(): Promise<void> {
    const { newestRenewal, remembered, answers, log } = this.parts;
    try {
      const newest = await newestRenewal();
      if (newest === remembered.renewal) return;
      log.info('somebody consents anew: what was stored before is forgotten', {});
      await Promise.all([remembered.forgetAll(), answers.forgetAll()]);
      // Only now: when the process is killed before, it forgets once more.
      await remembered.keepRenewal(newest);
    } catch (error) {
      log.warn('whether somebody consents anew is not known', { error: String(error) });
    }
  }
}
