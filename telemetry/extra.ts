/** Fields that nobody declared: kept aside within limits, so that one event cannot become a burden. */
import { canonicalJson } from '../core/hash';
import type { Rejection } from './event';

export const EXTRA_LIMITS = {
  extraFields: 64,
  /** Objects and arrays inside one another, the field's own value included. */
  extraDepth: 8,
  /** All undeclared fields together, as JSON, in UTF-16 units. */
  extraCharacters: 8_192,
} as const;

type Fault = { readonly code: Rejection; readonly field: string; readonly detail: string };

export type Extra = Readonly<Record<string, unknown>>;

const UNSAFE_DETAIL = `expected whole numbers of at most ${Number.MAX_SAFE_INTEGER}; larger ones in quotes`;

/** What JSON can say: anything else would be lost or changed on its way. */
function faultOf(value: unknown, depth: number): Omit<Fault, 'field'> | undefined {
  if (typeof value === 'number') {
    if (!Number.isFinite(value))
      return { code: 'out-of-range', detail: 'expected a finite number' };
    // It has lost digits already, which nobody would notice.
    return Number.isInteger(value) && !Number.isSafeInteger(value)
      ? { code: 'out-of-range', detail: UNSAFE_DETAIL }
      : undefined;
  }
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return undefined;
  if (value === undefined) return undefined;
  if (typeof value !== 'object') return { code: 'wrong-type', detail: 'expected a value of JSON' };
  if (depth === EXTRA_LIMITS.extraDepth) {
    return { code: 'out-of-range', detail: `expected at most ${depth} levels` };
  }
  for (const each of Object.values(value)) {
    const fault = faultOf(each, depth + 1);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

// A name may be as long as a body.
const NAME_CHARACTERS = 128;
const short = (name: string): string => name.slice(0, NAME_CHARACTERS);

const tooMuch = (field: string, limit: string): Fault => ({
  code: 'out-of-range',
  field: short(field),
  detail: `expected undeclared fields of at most ${limit}`,
});

/**
 * The fields that are not declared and not null, null when there are none, or the fault of one of them. Any name is
 * only a name, `__proto__` too.
 */
export function keptAside(
  raw: Extra,
  declared: ReadonlySet<string>,
): { readonly extra: Extra | null } | Fault {
  const entries: [string, unknown][] = [];
  for (const name of Object.keys(raw)) {
    const value = raw[name];
    if (declared.has(name) || value === null || value === undefined) continue;
    const fault = faultOf(value, 0);
    if (fault !== undefined) return { ...fault, field: short(name) };
    entries.push([name, value]);
    if (entries.length > EXTRA_LIMITS.extraFields) {
      return tooMuch(name, `${EXTRA_LIMITS.extraFields} names`);
    }
  }
  if (entries.length === 0) return { extra: null };
  const extra = Object.fromEntries(entries);
  if (canonicalJson(extra).length > EXTRA_LIMITS.extraCharacters) {
    const [name] = entries.at(-1) as [string, unknown];
    return tooMuch(name, `${EXTRA_LIMITS.extraCharacters} characters`);
  }
  return { extra };
}
