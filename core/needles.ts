/** What an erasure looks for: in text of any kind, whatever the case of its letters. */

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
  const wanted = [...new Set(own.map((each) => each.trim().toLowerCase()))].filter(Boolean);
  const same = new Map<string, string>();
  const within = new Map<string, string>();
  return {
    add(name: string): void {
      const text = name.trim().toLowerCase();
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
  const lower = text.toLowerCase();
  return [...new Set([lower, JSON.stringify(lower).slice(1, -1)])];
};

const asWholes = ({ values }: Needles): string[] =>
  values
    .filter(({ length }) => length >= LEAST_LENGTH)
    .map((value) => JSON.stringify(value.toLowerCase()));

/** All spellings in which the needles may stand in JSON and in plain text, in lower case. */
export const patternsOf = (needles: Needles): string[] => [
  ...needles.texts.flatMap(spellings),
  ...asWholes(needles),
];

/** Whether a text, JSON or not, holds any of them. */
export function createFinder(needles: Needles): (text: string) => boolean {
  const patterns = patternsOf(needles);
  return (text) => {
    const lower = text.toLowerCase();
    return patterns.some((pattern) => lower.includes(pattern));
  };
}

/** The same for a stream of bytes, with no more of it in memory than a chunk. */
export async function streamHolds(
  needles: Needles,
  stream: AsyncIterable<Uint8Array>,
): Promise<boolean> {
  // Bytes as characters: a chunk may end within a character.
  const patterns = patternsOf(needles).map((each) => Buffer.from(each).toString('latin1'));
  const longest = Math.max(0, ...patterns.map(({ length }) => length));
  let rest = '';
  for await (const chunk of stream) {
    const text = rest + Buffer.from(chunk).toString('latin1');
    const lower = lowerAscii(text);
    if (patterns.some((pattern) => lower.includes(lowerAscii(pattern)))) return true;
    rest = text.slice(-longest);
  }
  return false;
}

// Other letters are bytes of UTF-8 here, which have no case.
const lowerAscii = (text: string): string => text.replace(/[A-Z]+/g, (part) => part.toLowerCase());

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** The text with each of them replaced. */
export function replaceNeedles(needles: Needles, text: string, by: string): string {
  const within = needles.texts.flatMap(spellings).map(escaped);
  const whole = asWholes(needles).map(escaped);
  let replaced = text;
  // The longest first: one needle may be part of another.
  for (const pattern of within.sort((a, b) => b.length - a.length)) {
    replaced = replaced.replace(new RegExp(pattern, 'gi'), by);
  }
  for (const pattern of whole) {
    replaced = replaced.replace(new RegExp(pattern, 'gi'), JSON.stringify(by));
  }
  return replaced;
}
