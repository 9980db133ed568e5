/** What an erasure looks for: in text of any kind, whatever the case of its letters. */
import { folded } from './letters';
import { ESCAPE, LONGEST_LETTER, spelledPattern } from './spellings';

export interface Needles {
  /** Found anywhere within a text. */
  readonly texts: readonly string[];
  /** Parts of what others are called, or too short: found only where they are the whole value. */
  readonly values: readonly string[];
}

/** Shorter ones turn up by chance: they are looked for only where something is named. */
export const LEAST_LENGTH = 6;

/**
 * Keeps of the names of others, however many there are, those that tell how a person's own can be looked for: for each one that is
 * the same, and one that holds it.
 */
export function createOverlap(own: readonly string[]) {
  const wanted = [...new Set(own.map((each) => folded(each.trim())))].filter(Boolean);
  const same = new Map<string, string>();
  const within = new Map<string, string>();
  return {
    add(name: string): void {
      const text = folded(name.trim());
      for (const each of wanted) {
        if (text === each) same.set(each, name);
        else if (text.includes(each)) within.set(each, name);
      }
    },
    get found(): string[] {
      return [...new Set([...same.values(), ...within.values()])];
    },
  };
}

// As the text itself, and as JSON writes it.
const spellings = (text: string): string[] => {
  const own = folded(text);
  return [...new Set([own, JSON.stringify(own).slice(1, -1)])];
};

/** Long enough to be looked for wherever a text of JSON is nothing else. */
const wholesOf = ({ values }: Needles): string[] =>
  values.filter(({ length }) => length >= LEAST_LENGTH);

/** Spellings in which the needles may stand in JSON and in plain text, folded. */
export const patternsOf = (needles: Needles): string[] => [
  ...needles.texts.flatMap(spellings),
  ...wholesOf(needles).map((value) => JSON.stringify(folded(value))),
];

/** Of a text of JSON that is nothing else. */
export const wholePattern = (value: string): string => `"${spelledPattern(value)}"`;

/** The same as regular expressions, for texts with an ESCAPE: there any letter may be one. */
export const escapedPatternsOf = (needles: Needles): string[] => [
  ...needles.texts.map(spelledPattern),
  ...wholesOf(needles).map(wholePattern),
];

/** Whether a folded text holds any of them. */
function createTest(needles: Needles): (text: string) => boolean {
  const patterns = patternsOf(needles);
  const escaped = escapedPatternsOf(needles).map((each) => new RegExp(each));
  return (text) =>
    patterns.some((pattern) => text.includes(pattern)) ||
    (text.includes(ESCAPE) && escaped.some((pattern) => pattern.test(text)));
}

/** A field's name in JSON that is a mere word is nobody's; pseudonyms and numbers of devices are more than that. */
export const FIELD_NAME = '"[A-Za-z_]+"\\s*:';

/** Whether a text, JSON or not, holds any of them. */
export function createFinder(needles: Needles): (text: string) => boolean {
  const names = new RegExp(FIELD_NAME, 'g');
  const holds = createTest(needles);
  return (text) => {
    const own = folded(text);
    return holds(own) && holds(own.replace(names, ' '));
  };
}

/** Whether a stream of bytes may hold any, in names of fields as well, with no more of it in memory than a chunk. */
export async function streamHolds(
  needles: Needles,
  stream: AsyncIterable<Uint8Array>,
): Promise<boolean> {
  const holds = createTest(needles);
  const lengths = patternsOf(needles).map(({ length }) => length);
  const longest = Math.max(0, ...lengths) * LONGEST_LETTER;
  // A chunk may end within a character.
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of stream) {
    const text = rest + folded(decoder.decode(chunk, { stream: true }));
    if (holds(text)) return true;
    rest = longest === 0 ? '' : text.slice(-longest);
  }
  return false;
}

/** The text with each of them replaced, but in names of fields. */
export function replaceNeedles(needles: Needles, text: string, by: string): string {
  // Every other part is a name.
  const parts = text.split(new RegExp(`(${FIELD_NAME})`));
  return parts.map((part, at) => (at % 2 === 1 ? part : replacedAll(needles, part, by))).join('');
}

function replacedAll(needles: Needles, text: string, by: string): string {
  // The longest first: one needle may be part of another.
  const texts = needles.texts.toSorted((a, b) => b.length - a.length);
  const without = texts.reduce((rest, each) => replacedIn(rest, spelledPattern(each), by), text);
  return wholesOf(needles).reduce(
    (rest, each) => replacedIn(rest, wholePattern(each), JSON.stringify(by)),
    without,
  );
}

/** A folded text is as long as the text itself: what is found in it stands at the same place. */
function replacedIn(text: string, pattern: string, by: string): string {
  const parts: string[] = [];
  let from = 0;
  for (const found of folded(text).matchAll(new RegExp(pattern, 'g'))) {
    parts.push(text.slice(from, found.index), by);
    from = found.index + found[0].length;
  }
  return parts.length === 0 ? text : [...parts, text.slice(from)].join('');
}
