/** The rows of a finished query, page by page, with values in the types of its columns. */
import {
  paginateGetQueryResults,
  type AthenaClient,
  type ColumnInfo,
  type Row,
} from '@aws-sdk/client-athena';
import { callingAws } from '../../core/aws';
import type { QueryResult } from '../ports';

// The most that Athena gives at a time.
const PAGE_ROWS = 1000;

const INTEGERS = new Set(['tinyint', 'smallint', 'integer', 'int', 'bigint']);
const FLOATS = new Set(['double', 'float', 'real']);

function wholeNumber(text: string): number | bigint {
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : BigInt(text);
}

/** Decimals, dates, lists and structures stay as Athena writes them. */
function athenaValue(text: string | undefined, type: string): unknown {
  if (text === undefined) return null;
  if (INTEGERS.has(type)) return wholeNumber(text);
  if (FLOATS.has(type)) return Number(text);
  return type === 'boolean' ? text === 'true' : text;
}

/** Columns of one name would hide each other. */
function uniqueNames(infos: readonly ColumnInfo[]): string[] {
  const given = new Set(infos.map(({ Name = '' }) => Name));
  const taken = new Set<string>();
  return infos.map(({ Name = '' }) => {
    let name = Name;
    // A column that was called so by whoever asked keeps its name.
    for (let at = 1; taken.has(name) || (name !== Name && given.has(name)); at += 1) {
      name = `${Name}_${at}`;
    }
    taken.add(name);
    return name;
  });
}

/** The first row of a SELECT repeats the names. */
const isHeader = ({ Data = [] }: Row, infos: readonly ColumnInfo[]): boolean =>
  Data.length === infos.length && infos.every(({ Name }, at) => Data[at]?.VarCharValue === Name);

export interface ResultsRequest {
  readonly executionId: string;
  readonly maximumRows: number;
}

export const athenaResults = (
  athena: AthenaClient,
  { executionId, maximumRows }: ResultsRequest,
): Promise<QueryResult> =>
  callingAws('athena:GetQueryResults', async () => {
    const pages = paginateGetQueryResults(
      { client: athena, pageSize: PAGE_ROWS },
      { QueryExecutionId: executionId },
    );
    let infos: readonly ColumnInfo[] = [];
    let columns: string[] = [];
    const rows: Record<string, unknown>[] = [];
    let isFirstPage = true;
    for await (const { ResultSet } of pages) {
      const found = ResultSet?.Rows ?? [];
      if (isFirstPage) {
        infos = ResultSet?.ResultSetMetadata?.ColumnInfo ?? [];
        columns = uniqueNames(infos);
        if (found[0] !== undefined && isHeader(found[0], infos)) found.shift();
        isFirstPage = false;
      }
      for (const { Data = [] } of found) {
        if (rows.length === maximumRows) return { columns, rows, truncated: true };
        const value = (at: number) =>
          athenaValue(Data[at]?.VarCharValue, infos[at]?.Type ?? 'varchar');
        rows.push(Object.fromEntries(columns.map((name, at) => [name, value(at)])));
      }
    }
    return { columns, rows, truncated: false };
  });
