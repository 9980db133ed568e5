/** Reports of earlier releases name people by the first characters of their keys, which no search for the whole key finds. */
import type { Needles } from '../../core/needles';

const REPORT = /^reports\/.+\.html$/;
const KEY = /^[0-9a-f]{16}$/;
const LENGTH = 8;

export const isReport = (key: string): boolean => REPORT.test(key);

/** Finds them as words: not within other keys, colours, fractions or names. Null where none can be. */
function patternOf(key: string, { texts }: Needles): RegExp | null {
  const short = texts.filter((text) => KEY.test(text)).map((text) => text.slice(0, LENGTH));
  if (short.length === 0 || !isReport(key)) return null;
  return new RegExp(`(?<![\\w.#-])(?:${short.join('|')})(?![\\w-]|\\.\\d)`, 'g');
}

/** Whether the object is a report that holds a short key. */
export const holdsShortKey = (key: string, text: string, needles: Needles): boolean =>
  patternOf(key, needles)?.test(text) ?? false;

/** As short as what it replaces: it stands in charts that have no more room. */
export function replaceShortKeys(key: string, text: string, needles: Needles, by: string): string {
  const pattern = patternOf(key, needles);
  return pattern === null ? text : text.replace(pattern, by.slice(0, LENGTH));
}
