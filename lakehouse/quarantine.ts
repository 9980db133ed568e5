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
  readonly file: string;
  readonly line: number;
  readonly reason: string;
  readonly detail: string | null;
}

export const describeProblem = ({ file, line, reason, detail }: Problem): string =>
  `${file}, line ${line}: ${reason}${detail === null ? '' : ` (${detail})`}`;
