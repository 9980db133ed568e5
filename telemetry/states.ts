/** What the words mean that devices use for sleep. */

const ASLEEP = [
  'asleep',
  'sleep',
  'sleeping',
  'light',
  'light sleep',
  'deep',
  'deep sleep',
  'rem',
  'rem sleep',
  'core',
  'core sleep',
  'nap',
  'napping',
] as const;

const AWAKE = [
  'awake',
  'wake',
  'not asleep',
  'not sleeping',
  'active',
  'inactive',
  'resting',
  'sedentary',
  'sitting',
  'standing',
  'walking',
  'running',
  'exercising',
] as const;

const MEANINGS: ReadonlyMap<string, boolean> = new Map([
  ...ASLEEP.map((word) => [word, true] as const),
  ...AWAKE.map((word) => [word, false] as const),
]);

/**
 * Whether the state says asleep; null for a word that is in neither list. Letters' case, spaces at the ends, and
 * `_` or `-` instead of a space make no difference.
 */
export function meansAsleep(state: string): boolean | null {
  const known = MEANINGS.get(state);
  if (known !== undefined) return known;
  const words = state
    .trim()
    .toLowerCase()
    .split(/[\s_-]+/);
  return MEANINGS.get(words.join(' ')) ?? null;
}
