/** Columns of an archive that the format does not read: a mistyped name is otherwise one of them in silence. */
import type { UnreadColumn } from '../dataset-format';

// What a person looks through; results of a run stay small, whatever an archive holds.
const MOST_TOLD = 20;
const MOST_KEPT = 100;
const LONGEST_NAME = 60;

/** As it may be shown: a header is the archive's, which may hold anything. */
function shownName(name: string): string {
  const plain = name.replace(/[\p{C}\u2028\u2029]/gu, '\u{fffd}');
  const letters = [...plain];
  return letters.length > LONGEST_NAME ? `${letters.slice(0, LONGEST_NAME - 1).join('')}…` : plain;
}

/** Names of a header that are none of the known ones; columns without a name hold nothing to look for. */
export function unreadOf(
  file: UnreadColumn['file'],
  header: readonly string[],
  known: readonly string[],
): UnreadColumn[] {
  const others = header.map((name) => name.trim()).filter((name) => !known.includes(name));
  return others
    .filter((name) => name !== '')
    .slice(0, MOST_KEPT)
    .map((name) => ({ file, column: shownName(name), files: 1 }));
}

/** The same column of several files once, those of most files first. */
export function addUnread(all: readonly (readonly UnreadColumn[])[]): UnreadColumn[] {
  const sums = new Map<string, UnreadColumn>();
  for (const each of all.flat()) {
    const key = `${each.file}/${each.column}`;
    const known = sums.get(key);
    if (known === undefined && sums.size === MOST_KEPT) continue;
    sums.set(key, { ...each, files: each.files + (known?.files ?? 0) });
  }
  return [...sums.values()].sort((a, b) => b.files - a.files);
}

/** What a result tells of them, and how many it leaves out. */
export function toldUnread(columns: readonly UnreadColumn[] = []): {
  unreadColumns?: UnreadColumn[];
  moreUnreadColumns?: number;
} {
  if (columns.length === 0) return {};
  const more = columns.length - MOST_TOLD;
  return {
    unreadColumns: columns.slice(0, MOST_TOLD).map((each) => ({ ...each })),
    ...(more > 0 ? { moreUnreadColumns: more } : {}),
  };
}
