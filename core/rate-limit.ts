/** Counts requests by address, so that one caller cannot take a door from the others. */

export interface RateLimit {
  /** False when the address has used up its share of the present minute. */
  take(address: string): boolean;
}

const WINDOW_MS = 60_000;
const MOST_ADDRESSES = 10_000;

// A clock that is set back would lock everybody out until it is there again.
const sinceStart = () => performance.now();

export function createRateLimit(perMinute: number, now: () => number = sinceStart): RateLimit {
  let counts = new Map<string, number>();
  let windowEnd = 0;
  return {
    take(address) {
      if (perMinute === Infinity) return true;
      // A new window forgets all addresses; so does a flood of them, which bounds the memory.
      if (now() >= windowEnd || counts.size > MOST_ADDRESSES) {
        counts = new Map();
        windowEnd = now() + WINDOW_MS;
      }
      const count = (counts.get(address) ?? 0) + 1;
      counts.set(address, count);
      return count <= perMinute;
    },
  };
}
