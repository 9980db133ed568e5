/** Words of a command that a person copies into a shell. */

// What no shell reads as anything but itself.
const PLAIN = /^[\w@%+=:,./-]+$/;

/** A path with blanks, say, in quotes. */
export const shellWord = (word: string): string =>
  PLAIN.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
