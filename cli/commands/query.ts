/** `watchlake query`: reads the published tables with SQL. */
import { Option, type Command } from 'commander';
import { stringify } from 'csv-stringify/sync';
import type { QueryResult } from '../../lakehouse/ports';
import { declare, wholeNumber } from '../command';
import { noteMore, onAthena } from '../query-athena';
import { tellingOfWaits, toJsonLine, type Actions, type Outcome, type Shell } from '../shell';
import { printable } from '../printable';
import { showTable } from '../tables';
import type { Voice } from '../voice';

const ENGINES = ['duckdb', 'athena', 'postgres'] as const;

interface QueryOptions {
  dataset?: string;
  engine: (typeof ENGINES)[number];
  database?: string;
  workgroup?: string;
  format: Format;
  limit: number;
}

const FORMATS = ['table', 'csv', 'json'] as const;
type Format = (typeof FORMATS)[number];

const cell = (value: unknown): string => {
  if (value === null || value === undefined) return '';
  if (typeof value === 'string') return value;
  return typeof value === 'bigint' ? value.toString() : toJsonLine(value);
};

/** In a table an empty text is something else than nothing at all. */
const tableCell = (voice: Voice, value: unknown): string =>
  value === null || value === undefined ? voice.colors.dim('NULL') : printable(cell(value));

const isFigures = ({ rows }: QueryResult, column: string): boolean =>
  rows.length > 0 && rows.every((row) => row[column] === null || typeof row[column] === 'number');

const WRITERS: Record<Format, (voice: Voice, result: QueryResult) => void> = {
  table(voice, result) {
    const { columns, rows } = result;
    const titles = columns.map((title) => ({ title, figures: isFigures(result, title) }));
    showTable(
      voice,
      titles,
      rows.map((row) => columns.map((name) => tableCell(voice, row[name]))),
    );
  },
  csv(voice, { columns, rows }) {
    const records = rows.map((row) => columns.map((name) => cell(row[name])));
    // The voice ends the last line.
    voice.line(stringify([[...columns], ...records]).slice(0, -1));
  },
  json(voice, { rows }) {
    voice.line(toJsonLine(rows));
  },
};

async function onDuckdb(shell: Shell, sql: string, options: QueryOptions): Promise<Outcome> {
  const { dataset, format, limit } = options;
  const lake = await shell.services.openLake(shell.config);
  const result = await lake.query({ sql, dataset, maximumRows: limit });
  if (result.truncated) noteMore(shell, limit);
  return { result, show: (voice) => WRITERS[format](voice, result) };
}

async function onPostgres(
  shell: Shell,
  sql: string,
  { format, limit }: QueryOptions,
): Promise<Outcome> {
  const query = { sql, maximumRows: limit };
  const waits = tellingOfWaits(shell);
  const result = await shell.services.queryDeviceTables(shell.config, query, waits);
  if (result.truncated) noteMore(shell, limit);
  return { result, show: (voice) => WRITERS[format](voice, result) };
}

const ON = { duckdb: onDuckdb, postgres: onPostgres } as const;

export function addQuery(program: Command, act: Actions): void {
  declare(program, {
    usage: 'query <sql>',
    about: 'Runs one reading SQL statement over the published tables.',
    examples: [
      'query "SELECT label, count(*) AS windows FROM windows GROUP BY label" --dataset trial',
      'query "SELECT * FROM recordings_trusted" --limit 20 --format csv',
      'query "SELECT count(*) FROM customer_trusted" --engine athena --dataset stedi',
      'query "SELECT * FROM daily_aggregates ORDER BY event_date" --engine postgres',
    ],
    more: 'With DuckDB nothing but the published tables can be read: no files, no network; the stack need not run. On Athena the rights of the account decide; the query runs as a workflow, Ctrl-C stops it, and what it read and cost is told. On PostgreSQL plain names are those of the schema devices.',
  })
    .option('--dataset <name>', 'dataset that plain table names refer to; the only one when absent')
    .addOption(
      new Option('--engine <engine>', 'what runs it; postgres has the aggregates of devices')
        .choices(ENGINES)
        .default('duckdb'),
    )
    .option(
      '--database <name>',
      'with Athena: database of the Glue catalogue, instead of --dataset',
    )
    .option('--workgroup <name>', 'with Athena: workgroup; ATHENA_WORKGROUP when absent')
    .addOption(
      new Option('--format <format>', 'form of the answer').choices(FORMATS).default('table'),
    )
    .option('--limit <rows>', 'most rows to answer with', wholeNumber(1, 1_000_000), 1000)
    .action(
      act((shell, sql: string, options: QueryOptions) =>
        options.engine === 'athena'
          ? onAthena(shell, sql, { ...options, show: WRITERS[options.format] })
          : ON[options.engine](shell, sql, options),
      ),
    );
}
