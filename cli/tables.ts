/** Tables and lists of facts for the terminal, without frames. */
import { stripVTControlCharacters } from 'node:util';
import { bareTable, cutTo, widthOf } from './columns';
import type { Voice } from './voice';

export interface Column {
  title: string;
  /** Figures stand at the right. */
  figures?: boolean;
}

type Rows = readonly (readonly string[])[];

const INDENT = '  ';
const GAP = 3;
// What has a blank in it may be cut, but not below this: a time in full fits.
const LEAST_TEXT = 24;
// What has none is an id, a figure or an address, which a person copies, unless it is longer than those are.
const LONGEST_ID = 80;

// The library's time grows with the square of the rows.
const ROWS_OF_A_PART = 100;

function drawPart(
  voice: Voice,
  columns: readonly Column[],
  rows: Rows,
  { widths, isFirst }: { widths: readonly number[]; isFirst: boolean },
): string {
  const table = bareTable(GAP, {
    head: isFirst ? columns.map(({ title }) => title && voice.colors.dim(title)) : [],
    colAligns: columns.map(({ figures }) => (figures ? 'right' : 'left')),
    colWidths: widths.map((width) => width + GAP),
  });
  table.push(...rows.map((row) => [...row]));
  return table.toString();
}

function draw(
  voice: Voice,
  columns: readonly Column[],
  rows: Rows,
): { text: string; widths: number[] } {
  const widths = columns.map(({ title }, at) =>
    rows.reduce((most, row) => Math.max(most, widthOf(row[at] ?? '')), widthOf(title)),
  );
  const parts: string[] = [];
  for (let at = 0; at === 0 || at < rows.length; at += ROWS_OF_A_PART) {
    const part = rows.slice(at, at + ROWS_OF_A_PART);
    parts.push(drawPart(voice, columns, part, { widths, isFirst: at === 0 }));
  }
  return { text: parts.join('\n'), widths };
}

const total = (widths: readonly number[]): number =>
  widths.reduce((sum, width) => sum + width, INDENT.length + GAP * (widths.length - 1));

function leastWidth(cell: string): number {
  const width = widthOf(cell);
  const isId = width <= LONGEST_ID && !/\s/.test(stripVTControlCharacters(cell));
  return isId ? width : Math.min(width, LEAST_TEXT);
}

/** The widths of columns that share the room; null where not even the least widths fit. */
function sharedWidths(
  columns: readonly Column[],
  rows: Rows,
  { natural, room }: { natural: readonly number[]; room: number },
): number[] | null {
  const least = columns.map(({ title }, at) =>
    rows.reduce((most, row) => Math.max(most, leastWidth(row[at] ?? '')), widthOf(title)),
  );
  if (total(least) > room) return null;
  const within = (most: number): number[] =>
    natural.map((width, at) => Math.min(width, Math.max(least[at] ?? 0, most)));
  let most = room;
  while (total(within(most)) > room) most -= 1;
  return within(most);
}

/** A row under another: what is too wide to stand side by side. */
function showUpright(voice: Voice, columns: readonly Column[], rows: Rows): void {
  for (const [at, row] of rows.entries()) {
    voice.line(`${INDENT}${voice.colors.dim(`── ${at + 1} ──`)}`);
    showPairs(
      voice,
      columns.map(({ title }, of) => [title, row[of] ?? '']),
    );
  }
}

/**
 * Writes rows under their titles; cells are text already. A terminal that is too narrow gets texts cut, or
 * row after row upright; what is no terminal gets everything.
 */
export function showTable(voice: Voice, columns: readonly Column[], rows: Rows): void {
  const { text, widths: natural } = draw(voice, columns, rows);
  const room = voice.width ?? Infinity;
  if (total(natural) <= room) return showLines(voice, text);
  const widths = sharedWidths(columns, rows, { natural, room });
  if (widths === null) return showUpright(voice, columns, rows);
  const cut = rows.map((row) => row.map((cell, at) => cutTo(cell, widths[at] ?? 0)));
  showLines(voice, draw(voice, columns, cut).text);
}

function showLines(voice: Voice, text: string): void {
  for (const line of text.split('\n')) voice.line(`${INDENT}${line}`.trimEnd());
}

/** Writes `name  value` lines with the values under each other; null facts are left out. */
export const showFacts = (voice: Voice, facts: Readonly<Record<string, string | null>>): void =>
  showPairs(
    voice,
    Object.entries(facts).flatMap(([name, value]) => (value === null ? [] : [[name, value]])),
  );

function showPairs(voice: Voice, pairs: readonly (readonly [string, string])[]): void {
  const width = Math.max(0, ...pairs.map(([name]) => widthOf(name)));
  const room = (voice.width ?? Infinity) - INDENT.length - width - GAP;
  for (const [name, value] of pairs) {
    const [first, ...more] = listLines(value, room);
    const padding = ' '.repeat(width - widthOf(name) + GAP);
    voice.line(`${INDENT}${voice.colors.dim(name)}${padding}${first}`);
    for (const line of more) voice.line(`${INDENT}${' '.repeat(width + GAP)}${line}`);
  }
}

/** A list that is too wide goes on below, after a comma; anything else may have to be copied, and stays whole. */
function listLines(value: string, room: number): string[] {
  if (widthOf(value) <= room) return [value];
  const lines: string[] = [];
  let line = '';
  for (const item of value.split(/(?<=[,;]) /)) {
    const longer = line === '' ? item : `${line} ${item}`;
    if (line !== '' && widthOf(longer) > room) {
      lines.push(line);
      line = item;
    } else line = longer;
  }
  return [...lines, line];
}

export function showHeading(voice: Voice, text: string): void {
  voice.line();
  voice.line(voice.colors.bold(text));
  voice.line();
}
