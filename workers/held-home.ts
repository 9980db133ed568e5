/** Whether a supervisor still has its home, and what it has started there: the record of it goes with the folder. */
import { setTimeout as sleep } from 'node:timers/promises';
import { recordedParts, type Parts } from '../stack/stack';
import { holdsHome } from './state';

const LOOK_EVERY_MS = 3_000;
/** One look may fall into a hiccup of the file system. */
const LOOKS = 2;

export class HeldHome {
  #parts: Parts = {};
  readonly #home: string;

  constructor(home: string) {
    this.#home = home;
  }

  /** All that were ever recorded: those that have ended since do no harm. */
  get parts(): Parts {
    return this.#parts;
  }

  async rememberParts(): Promise<void> {
    this.#parts = { ...this.#parts, ...(await recordedParts(this.#home)) };
  }

  /** True once the home was another's, or nobody's, at two looks in a row; false on the signal. */
  async untilLost(signal: AbortSignal): Promise<boolean> {
    for (let missed = 0; missed < LOOKS;) {
      await sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return false;
      // What cannot be read is not known to be gone.
      const isHeld = await holdsHome(this.#home).catch(() => true);
      missed = isHeld ? 0 : missed + 1;
    }
    return true;
  }
}
