/** Names as a sentence lists them: a few, and how many more there are. */
import { count } from './figures';

const SHOWN = 8;

/** `a, b, c and 12 more`; undefined when there are none. */
export function fewOf(names: readonly string[], shown = SHOWN): string | undefined {
  if (names.length === 0) return undefined;
  const few = names.slice(0, shown).join(', ');
  return names.length > shown ? `${few} and ${count(names.length - shown)} more` : few;
}
