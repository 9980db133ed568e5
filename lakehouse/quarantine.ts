/** How a rejected row is kept: its reason, its origin and its text. */
import type { ColumnDeclaration, RowAsJson, RowWiseTransform } from './tables';
import { column } from './tables';

export const QUARANTINE_COLUMNS: readonly ColumnDeclaration[] = [
  column('reason', 'string', 'Reason code'),
  column('detail', 'string', 'What exactly, such as the channel', { required: false }),
  column('source_file', 'string', 'File that the row came from'),
  column('source_line', 'bigint', 'Line in that file'),
  column('raw', 'string', 'The row as it was read, as JSON', { personal: true }),
];

const SUFFIX = '_quarantine';

export const quarantineName = (table: string): string => `${table}${SUFFIX}`;

/** The table whose quarantine has this name, or undefined. */
export const quarantinedTable = (name: string): string | undefined =>
  name.endsWith(SUFFIX) ? name.slice(0, -SUFFIX.length) : undefined;

export interface Problem {
  /** The file, or the recording where the file's name names a person: it goes into results and histories. */
  readonly file: string;
  readonly line: number;
  readonly reason: string;
  readonly detail: string | null;
}

export const byRecording = (recording: string): string => `recording ${recording}`;

const FIRST_PROBLEMS = 3;

const joinedWith = (input: string, rejected: string): string =>
  `JOIN ${input} i ON i.source_file = ${rejected}.source_file AND i.source_line = ${rejected}.source_line`;

/** The rows of the view `_rejected` in the columns of a quarantine; `input`: the driving input, quoted. */
export function quarantineSql(
  input: string,
  { fatesSql }: RowWiseTransform,
  asJson: RowAsJson,
): string {
  // Unless their text came with them: the rejected rows are few, and joined for less than it takes to carry all texts.
  const [raw, join] = fatesSql ? ['r._raw', ''] : [asJson('i'), joinedWith(input, 'r')];
  return `SELECT r._quarantine AS reason, r._detail AS detail, r.source_file, r.source_line, ${raw} AS raw
    FROM _rejected r ${join} ORDER BY r.source_file, r.source_line`;
}

/** The first rows of the view `_rejected` as problems; `input`: the driving input, quoted, and its columns. */
export function firstProblemsSql(input: string, columns: readonly ColumnDeclaration[]): string {
  const namesPerson = columns.some(({ name, personal }) => name === 'source_file' && personal);
  const first = `SELECT r.source_file, r.source_line, r._quarantine, r._detail FROM _rejected r
    ORDER BY r.source_file, r.source_line LIMIT ${FIRST_PROBLEMS}`;
  const [file, join] = namesPerson
    ? [`CONCAT('${byRecording('')}', i.recording)`, joinedWith(input, 'f')]
    : ['f.source_file', ''];
  return `SELECT ${file} AS file, f.source_line AS line, f._quarantine AS reason, f._detail AS detail
    FROM (${first}) f ${join} ORDER BY f.source_file, f.source_line`;
}

export const describeProblem = ({ file, line, reason, detail }: Problem): string =>
  `${file}, line ${line}: ${reason}${detail === null ? '' : ` (${detail})`}`;
