/** What an erasure looks for: in text of any kind, whatever the case of its letters. */
import { folded } from './letters';
import { boundPattern, isNumeral, namedAlonePattern, namedPattern } from './numerals';
import { ESCAPE, LONGEST_LETTER, spelledPattern } from './spellings';

export interface Needles {
  /** Found anywhere within a text; what may be a number only where it is none. */
  readonly texts: readonly string[];
  /** Parts of what others are called, or too short: found only where they are the whole value. */
  readonly values: readonly string[];
}

/** Shorter ones turn up by chance: they are looked for only where something is named. */
export const LEAST_LENGTH = 6;

/** Whether other names hold this one. */
export function isPartOf(name: string): (other: string) => boolean {
  const own = folded(name);
  if (!isNumeral(own)) return (other) => folded(other).includes(own);
  const bound = new RegExp(boundPattern(own));
  return (other) => bound.test(folded(other));
}

/**
 * Keeps of the names of others, however many there are, those that tell how a person's own can be looked for: for each one that is
 * the same, and one that holds it.
 */
export function createOverlap(own: readonly string[]) {
  const wanted = [...new Set(own.map((each) => folded(each.trim())))].filter(Boolean);
  const parts = wanted.map((each) => [each, isPartOf(each)] as const);
  const same = new Map<string, string>();
  const within = new Map<string, string>();
  return {
    add(name: string): void {
      const text = folded(name.trim());
      for (const [each, isIn] of parts) {
        if (text === each) same.set(each, name);
        else if (isIn(text)) within.set(each, name);
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

/** Of a text of JSON that is nothing else. */
export const wholePattern = (value: string): string => `"${spelledPattern(value)}"`;

/** How the needles are found in folded texts, of JSON or not. */
export interface Patterns {
  /** Spellings that stand anywhere. */
  readonly plain: readonly string[];
  /** The same as regular expressions, for texts with an ESCAPE: there any letter may be one. */
  readonly escaped: readonly string[];
  /** Regular expressions for all texts. */
  readonly named: readonly string[];
}

const patternsOfTexts = (texts: readonly string[], needles: Needles): Patterns => ({
  plain: [
    ...texts.flatMap(spellings),
    ...wholesOf(needles).map((value) => JSON.stringify(folded(value))),
  ],
  escaped: [...texts.map(spelledPattern), ...wholesOf(needles).map(wholePattern)],
  named: [],
});

/** Of all texts that hold any, and of those in which a number is spelled like one: for speed, and to hide rather too much. */
export const hintsOf = (needles: Needles): Patterns => patternsOfTexts(needles.texts, needles);

/** Of texts that hold any. */
export const patternsOf = (needles: Needles): Patterns => ({
  ...patternsOfTexts(
    needles.texts.filter((each) => !isNumeral(each)),
    needles,
  ),
  named: needles.texts.filter(isNumeral).map(namedPattern),
});

/** Whether a folded text holds any of them. */
function createTest(patterns: Patterns): (text: string) => boolean {
  const { plain } = patterns;
  const escaped = patterns.escaped.map((each) => new RegExp(each));
  const named = patterns.named.map((each) => new RegExp(each));
  return (text) =>
    plain.some((pattern) => text.includes(pattern)) ||
    named.some((pattern) => pattern.test(text)) ||
    (text.includes(ESCAPE) && escaped.some((pattern) => pattern.test(text)));
}

/** Whether a text may hold any of them: what is spelled like a number counts as well. */
export function createHint(needles: Needles): (text: string) => boolean {
  const mayHold = createTest(hintsOf(needles));
  return (text) => mayHold(folded(text));
}

/** A field's name in JSON that is a mere word is nobody's; pseudonyms and numbers of devices are more than that. */
export const FIELD_NAME = '"[A-Za-z_]+"\\s*:';
/** What it is taken for in a search: what stands beside it is no name for that. */
export const NO_NAME = ',';

/** Whether a text, JSON or not, holds any of them. */
export function createFinder(needles: Needles): (text: string) => boolean {
  const names = new RegExp(FIELD_NAME, 'g');
  const mayHold = createTest(hintsOf(needles));
  const holds = createTest(patternsOf(needles));
  return (text) => {
    const own = folded(text);
    return mayHold(own) && holds(own.replace(names, NO_NAME));
  };
}

/** Whether a stream of bytes may hold any, in names of fields and as numbers as well, with no more of it in memory than a chunk. */
export async function streamHolds(
  needles: Needles,
  stream: AsyncIterable<Uint8Array>,
): Promise<boolean> {
  const hints = hintsOf(needles);
  const holds = createTest(hints);
  const lengths = hints.plain.map(({ length }) => length);
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

const alonePattern = (text: string): string =>
  isNumeral(text) ? namedAlonePattern(text) : spelledPattern(text);

/** The text with each of them replaced, but in names of fields. */
export const replaceNeedles = (needles: Needles, text: string, by: string): string =>
  replacedBesideNames(text, (part) => replacedAll(needles, part, by, alonePattern));

/** The same of a text of which no reader needs the numbers: what is spelled like them is replaced as well. */
export const hideNeedles = (needles: Needles, text: string, by: string): string =>
  replacedBesideNames(text, (part) => replacedAll(needles, part, by, spelledPattern));

function replacedBesideNames(text: string, replaced: (part: string) => string): string {
  // Every other part is a name.
  const parts = text.split(new RegExp(`(${FIELD_NAME})`));
  return parts.map((part, at) => (at % 2 === 1 ? part : replaced(part))).join('');
}

function replacedAll(
  needles: Needles,
  text: string,
  by: string,
  patternOf: (text: string) => string,
): string {
  // The longest first: one needle may be part of another.
  const texts = needles.texts.toSorted((a, b) => b.length - a.length);
  const without = texts.reduce((rest, each) => replacedAgain(rest, patternOf(each), by), text);
  return wholesOf(needles).reduce(
    (rest, each) => replacedIn(rest, wholePattern(each), JSON.stringify(by)),
    without,
  );
}

const MOST_PASSES = 100;

/** What stands in a place may make the next one a name, which it was not beside a number. */
function replacedAgain(text: string, pattern: string, by: string): string {
  let [before, after] = [text, replacedIn(text, pattern, by)];
  for (let pass = 1; after !== before && pass < MOST_PASSES; pass += 1) {
    [before, after] = [after, replacedIn(after, pattern, by)];
  }
  return after;
}

/** A folded text is as long as the text itself: what is found in it stands at the same place. */
function replacedIn(text: string, pattern: string, by: string): string {
  const parts: string[] = [];
  let from = 0;
  for (const found of folded(text).matchAll(new RegExp(pattern, 'g'))) {
    parts.push(text.slice(from, found.index), by);
    from = found.index + found[0].length;
  }
  return [...parts, text.slice(from)].join('');
}
