/** Repeatable chance: the same seed gives the same numbers on every machine and Node version. */

/** Numbers in [0, 1). */
export type Random = () => number;

// Bound once: in a sandbox such as a workflow's, each look-up of a global is slow.
const { imul } = Math;

/** Mulberry32 (T. Ettinger, public domain): 32 bits of state, enough for draws and masks. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** Independent streams from one seed: a stream's numbers do not depend on how others are used. */
export const streamSeed = (seed: number, stream: number): number =>
  (imul(seed ^ 0x9e3779b9, 0x85ebca6b) + imul(stream + 1, 0xc2b2ae35)) >>> 0;

/** A shuffled copy (Fisher and Yates). */
export function shuffled<T>(items: readonly T[], random: Random): T[] {
  const copy = [...items];
  for (let last = copy.length - 1; last > 0; last -= 1) {
    const other = Math.floor(random() * (last + 1));
    [copy[last], copy[other]] = [copy[other] as T, copy[last] as T];
  }
  return copy;
}

/** A draw from the normal distribution (Box and Muller). */
export const normal = (random: Random): number =>
  Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
