/** Tables and lists of facts for the terminal, without frames. */
import Table from 'cli-table3';
import type { Voice } from './voice';

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

export interface Column {
  title: string;
  /** Figures stand at the right. */
  figures?: boolean;
}

/** Writes rows under their titles; cells are text already. */
export function showTable(
  voice: Voice,
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
): void {
  const table = new Table({
    head: columns.map(({ title }) => voice.colors.dim(title)),
    colAligns: columns.map(({ figures }) => (figures ? 'right' : 'left')),
    chars: NO_FRAME,
    // Without its own colours: the cells have theirs.
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 3, compact: true },
  });
  table.push(...rows.map((row) => [...row]));
  for (const line of table.toString().split('\n')) voice.line(`  ${line}`.trimEnd());
}

/** Writes `name  value` lines with the values under each other; null facts are left out. */
export function showFacts(voice: Voice, facts: Readonly<Record<string, string | null>>): void {
  const present = Object.entries(facts).filter(([, value]) => value !== null);
  const width = Math.max(0, ...present.map(([name]) => name.length));
  for (const [name, value] of present) {
    voice.line(`  ${voice.colors.dim(name.padEnd(width))}   ${value}`);
  }
}

export function showHeading(voice: Voice, text: string): void {
  voice.line();
  voice.line(voice.colors.bold(text));
  voice.line();
}
