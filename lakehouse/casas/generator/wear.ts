/** When a participant wears the watch, and what the clock on it shows. */
import type { Random } from '../../../core/random';

const HOUR_MS = 3_600_000;
/** 7 November 2021, 2:00 at first and then 1:00, as if the clock showed UTC. */
const AUTUMN_MS = Date.UTC(2021, 10, 7, 2);
export const STEP_MS = 100;

export interface Stretch {
  /** On a clock that is never put back. */
  readonly fromMs: number;
  readonly samples: number;
}

/** What the watch shows at a moment of the clock that is never put back. */
export const shownMs = (ms: number): number => (ms >= AUTUMN_MS ? ms - HOUR_MS : ms);

const between = (random: Random, least: number, most: number): number =>
  least + Math.floor((most - least) * random());

/**
 * Charges are longer than an hour, so that the clock never seems to stand still; but every other
 * participant charges the watch for less than that while the clock is put back.
 */
export function* stretches(random: Random, hours: number): Generator<Stretch> {
  let left = Math.max(1, Math.round((hours * HOUR_MS) / STEP_MS));
  // Half of it lies before the hour that comes twice, if it is worn for less than a day.
  const lead = Math.min(left / 2, (20 * HOUR_MS) / STEP_MS);
  const chargesThen = random() < 0.5;
  let fromMs = AUTUMN_MS - Math.floor(lead) * STEP_MS + between(random, 0, STEP_MS);
  while (left > 0) {
    const most = between(random, 5 * HOUR_MS, 16 * HOUR_MS) / STEP_MS;
    const beforeAutumn = Math.ceil((AUTUMN_MS - fromMs) / STEP_MS) - between(random, 600, 6000);
    const stops = chargesThen && beforeAutumn > 0 && beforeAutumn < most;
    const samples = Math.floor(Math.min(left, stops ? beforeAutumn : most));
    yield { fromMs, samples };
    left -= samples;
    const pause = stops
      ? between(random, 20 * 60_000, 45 * 60_000)
      : between(random, 1.2 * HOUR_MS, 9 * HOUR_MS);
    fromMs += samples * STEP_MS + pause;
  }
}
