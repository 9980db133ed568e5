/** What the lake holds of a person who is to be erased. */
import { accentSpellings, folded } from '../../core/letters';
import type { Needles } from '../../core/needles';
import { LEAST_LENGTH, isPartOf } from '../../core/needles';

export interface Person extends Needles {
  /** As the dataset's format writes it. */
  readonly identifier: string;
  readonly subjectKey: string;
  /** Devices whose readings are the person's, and nobody else's. */
  readonly devices: readonly string[];
  /** How many things that name the person name others as well: those are not looked for. */
  readonly shared: number;
}

export interface Trace {
  /** What names the person. */
  readonly own: readonly string[];
  /** What names or describes everybody else. */
  readonly others: Iterable<string>;
}

/** Sorts what names a person by how it can be looked for. */
export function needlesOf({ own, others }: Trace): Needles & { shared: number } {
  const wanted = [...new Set(own.map((each) => folded(each.trim())))].filter(Boolean);
  const parts = wanted.map((each) => [each, isPartOf(each)] as const);
  const shared = new Set<string>();
  const ordinary = new Set(wanted.filter(({ length }) => length < LEAST_LENGTH));
  for (const other of others) {
    const text = folded(other.trim());
    for (const [each, isIn] of parts) {
      if (text === each) shared.add(each);
      else if (isIn(text)) ordinary.add(each);
    }
  }
  const distinct = wanted.filter((each) => !shared.has(each));
  return {
    texts: distinct.filter((each) => !ordinary.has(each)),
    values: distinct.filter((each) => ordinary.has(each)),
    shared: shared.size,
  };
}

/** What is known of a person before anything was found: the name, in both spellings of its accents, and the key. */
export const stranger = ({
  identifier,
  subjectKey,
}: Pick<Person, 'identifier' | 'subjectKey'>): Person => ({
  ...{ identifier, subjectKey, devices: [] },
  ...needlesOf({ own: [...accentSpellings(identifier), subjectKey], others: [] }),
});

const union = (a: readonly string[], b: readonly string[]): string[] => [...new Set([...a, ...b])];

const without = (all: readonly string[], some: readonly string[]): string[] =>
  all.filter((each) => !some.includes(each));

/** An attempt that was interrupted has found more than is left now, and knew better who shares what. */
export const joined = (before: Person | null, now: Person): Person =>
  before === null
    ? now
    : {
        ...now,
        texts: union(before.texts, without(now.texts, before.values)),
        values: union(before.values, without(now.values, before.texts)),
        devices: union(before.devices, now.devices),
        shared: Math.max(before.shared, now.shared),
      };
