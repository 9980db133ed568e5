/** What a text may call somebody by: every text within JSON; of what is none, whatever stands between quotes, blanks or commas. */

import { LEAST_LENGTH } from './needles';
import { isNumeral } from './numerals';

/** Longer ones name nobody. */
const LONGEST_NAME = 256;

function* textsOf(json: unknown): Generator<string> {
  // Not by recursion: how deep it goes is up to the sender.
  const waiting = [json];
  while (waiting.length > 0) {
    const value = waiting.pop();
    if (typeof value === 'string') yield value;
    if (typeof value !== 'object' || value === null) continue;
    if (!Array.isArray(value)) yield* Object.keys(value);
    for (const each of Object.values(value)) waiting.push(each);
  }
}

/** What stands between quotes in JSON, as a reader of JSON takes it; the same text where that is none. */
export function unescaped(piece: string): string {
  try {
    return JSON.parse(`"${piece}"`) as string;
  } catch {
    return piece;
  }
}

const QUOTE = /"/;
const BARE = /[\s",;]+/;

// What stands bare is a word as often as a name: a short one says nothing, and neither does a number.
const saysNothing = (piece: string): boolean => piece.length < LEAST_LENGTH || isNumeral(piece);

function* piecesOf(text: string): Generator<string> {
  for (const between of [QUOTE, BARE]) {
    for (const piece of text.split(between)) {
      if (between === BARE && saysNothing(piece)) continue;
      yield piece;
      if (piece.includes('\\')) yield unescaped(piece);
    }
  }
}

function parsed(text: string): Iterable<string> {
  try {
    return textsOf(JSON.parse(text));
  } catch {
    return piecesOf(text);
  }
}

/** Each once, without blanks around it. */
export function namesIn(text: string): Set<string> {
  const names = new Set<string>();
  for (const each of parsed(text)) {
    const name = each.trim();
    if (name.length > 0 && name.length <= LONGEST_NAME) names.add(name);
  }
  return names;
}
