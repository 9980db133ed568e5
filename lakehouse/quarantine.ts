/** How a rejected row is kept: its reason, its origin and its text. */
import type { ColumnDeclaration } from './tables';
import { column } from './tables';

export const QUARANTINE_COLUMNS: readonly ColumnDeclaration[] = [
  column('reason', 'string', 'Reason code'),
  column('detail', 'string', 'What exactly, such as the channel', { required: false }),
  column('source_file', 'string', 'File that the row came from'),
  column('source_line', 'bigint', 'Line in that file'),
  column('raw', 'string', 'The row as it was read, as JSON', { personal: true }),
];

export const quarantineName = (table: string): string => `${table}_quarantine`;

export interface Problem {
  readonly file: unknown;
  readonly line: unknown;
  readonly reason: unknown;
  readonly detail: unknown;
}

export const describeProblem = ({ file, line, reason, detail }: Problem): string =>
  `${String(file)}, line ${String(line)}: ${String(reason)}${detail ? ` (${String(detail)})` : ''}`;
