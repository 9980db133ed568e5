/** `watchlake query`: reads the published tables with SQL. */
import { Option, type Command } from 'commander';
import { stringify } from 'csv-stringify/sync';
import { WatchlakeError } from '../../core/errors';
import type { QueryResult } from '../../lakehouse/ports';
import { declare, wholeNumber } from '../command';
import { noteMore, onAthena } from '../query-athena';
import { tellingOfWaits, toJsonLine, type Actions, type Outcome, type Shell } from '../shell';
import { printable } from '../printable';
import { showTable } from '../tables';
import type { Voice } from '../voice';

const ENGINES = ['duckdb', 'athena', 'postgres'] as const;
type Engine = (typeof ENGINES)[number];

interface QueryOptions {
  dataset?: string;
  engine: Engine;
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

/** Options that say something on some engines alone: elsewhere they would be passed over in silence. */
const ENGINES_OF: Partial<Record<keyof QueryOptions, readonly Engine[]>> = {
  dataset: ['duckdb', 'athena'],
  database: ['athena'],
  workgroup: ['athena'],
};

function refuseIdle(options: QueryOptions): void {
  const { engine } = options;
  for (const [name, engines] of Object.entries(ENGINES_OF)) {
    if (options[name as keyof QueryOptions] === undefined || engines.includes(engine)) continue;
    const detail = `--${name} says nothing with --engine ${engine}, only with ${engines.join(' or ')}.`;
    throw new WatchlakeError('USAGE_INVALID', { detail });
  }
}

type Ask = (shell: Shell, query: { sql: string; maximumRows: number }) => Promise<QueryResult>;

async function answer(
  shell: Shell,
  sql: string,
  { format, limit, ask }: QueryOptions & { ask: Ask },
): Promise<Outcome> {
  const result = await ask(shell, { sql, maximumRows: limit });
  if (result.truncated) noteMore(shell, limit);
  return { result, show: (voice) => WRITERS[format](voice, result) };
}

const onDuckdb = (dataset?: string): Ask =>
  async function ask({ services, config }, query) {
    const lake = await services.openLake(config);
    return lake.query({ ...query, dataset });
  };

const onPostgres: Ask = (shell, query) =>
  shell.services.queryDeviceTables(shell.config, query, tellingOfWaits(shell));

function run(shell: Shell, sql: string, options: QueryOptions): Promise<Outcome> {
  refuseIdle(options);
  const { engine, format, dataset } = options;
  if (engine === 'athena') return onAthena(shell, sql, { ...options, show: WRITERS[format] });
  const ask = engine === 'postgres' ? onPostgres : onDuckdb(dataset);
  return answer(shell, sql, { ...options, ask });
}

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
    .action(act(run));
}
