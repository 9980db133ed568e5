/** Texts as wide as a terminal shows them: a character of Chinese, or an emoji, takes two columns. */
import Table from 'cli-table3';

const EDGES = [
  'top',
  'top-mid',
  'top-left',
  'top-right',
  'bottom',
  'bottom-mid',
  'bottom-left',
  'bottom-right',
  'left',
  'left-mid',
  'mid',
  'mid-mid',
  'right',
  'right-mid',
  'middle',
] as const;

const NO_FRAME = Object.fromEntries(EDGES.map((edge) => [edge, '']));

/** A table without a frame; colours are those that its cells have. */
export const bareTable = (gap: number, options: Table.TableConstructorOptions = {}): Table.Table =>
  new Table({
    chars: NO_FRAME,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': gap, compact: true },
    ...options,
  });

// One column a character: most texts, and they need no measuring.
const PLAIN = /^[\x20-\x7e]*$/;
// Marks that a character carries take no columns of their own; more than these nobody can read.
const MOST_UNITS = 8;

/** Columns of one line; colours take none. */
export function widthOf(text: string): number {
  if (PLAIN.test(text)) return text.length;
  // The library measures when it draws.
  const table = bareTable(0);
  table.push([text]);
  table.toString();
  return table.options.colWidths[0] ?? 0;
}

// Narrower than this nothing is gained: the terminal breaks the lines by itself.
const LEAST_TO_WRAP = 40;

/** As many of the parts in each line as its columns take. */
export function inLines(parts: readonly string[], between: string, width: number): string[] {
  if (width < LEAST_TO_WRAP) return [parts.join(between)];
  const lines: string[] = [];
  let line = '';
  for (const part of parts) {
    const longer = line === '' ? part : `${line}${between}${part}`;
    if (line !== '' && widthOf(longer) > width) {
      lines.push(line);
      line = part;
    } else line = longer;
  }
  return [...lines, line];
}

/** In lines of at most that many columns, each broken between words; what stands between backticks stays together. */
export const wrapTo = (text: string, width: number): string =>
  width < LEAST_TO_WRAP
    ? text
    : inLines(text.match(/(?:`[^`]*`|\S)+/g) ?? [], ' ', width).join('\n');

/** One line cut with `…` to that many columns, if it is wider. */
export function cutTo(text: string, width: number): string {
  if (width < 1) return '';
  if (PLAIN.test(text)) return text.length > width ? `${text.slice(0, width - 1)}…` : text;
  const start = text.slice(0, width * MOST_UNITS + 1);
  if (start.length === text.length && widthOf(text) <= width) return text;
  const table = bareTable(0, { colWidths: [width] });
  table.push([start]);
  // The library cuts between the halves of a character too.
  return table
    .toString()
    .trimEnd()
    .replace(/\p{Surrogate}/gu, '');
}
