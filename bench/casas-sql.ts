/** The SQL of the CASAS tables without Watchlake around it, for DuckDB and, spelled its way, for Spark. */
import { basename } from 'node:path';
import { momentMsSql, msColumn } from '../lakehouse/bulk/fields';
import { CASAS_ACTIVITIES } from '../lakehouse/casas/activities';
import { CASAS_FIELDS, MOTION, STAMP, channelOf } from '../lakehouse/casas/fields';
import type { casasLandingColumns } from '../lakehouse/casas/landing-table';
import { DEFAULT_LABELLING } from '../lakehouse/casas/options';
import { placedRowsSql } from '../lakehouse/casas/place-sql';
import { casasTrustedTable } from '../lakehouse/casas/trusted';
import { literal } from '../lakehouse/engines/duckdb-session';
import { keptSelect } from './stedi-sql';

export const BARE_TRUSTED = casasTrustedTable({
  ...{ dataset: 'bench', channels: MOTION.map(channelOf) },
  ...{ labelling: DEFAULT_LABELLING, rules: CASAS_ACTIVITIES },
});

export const bareTrustedSelect = keptSelect(BARE_TRUSTED);

const memberNamed = (name: string) => ({
  entry: { recording: name, device: name, subject: name, file: name },
  ...{ subjectKey: name, before: null, held: null, nextMs: null },
});

const placed = (good: string, name: string): string =>
  placedRowsSql(good, memberNamed(name) as Parameters<typeof placedRowsSql>[1]);

/** One file as it lands: read in its types, and told what the rows before it say. */
export function bareLanding(path: string): string {
  const columns = CASAS_FIELDS.map(
    ({ name, type }) => `${literal(name)}: '${type === 'number' ? 'DOUBLE' : 'VARCHAR'}'`,
  );
  const good = `SELECT *, ${momentMsSql('stamp')} AS ${msColumn(STAMP)}, row_number() OVER () + 2 AS source_line
    FROM read_csv(${literal(path)}, columns = {${columns.join(', ')}}, skip = 2, header = false,
      auto_detect = false, delim = ',', quote = '', escape = '')`;
  return placed(good, basename(path));
}

const IN_ORDER = 'PARTITION BY _file ORDER BY source_line';

/** All files at once: Spark knows no order of lines but the one that it is told. */
export function sparkLanding(): string {
  return (
    placed('SELECT * FROM raw', '@')
      .replaceAll('"', '`')
      .replaceAll('AS VARCHAR)', 'AS STRING)')
      .replace('SELECT g.', 'SELECT g._file, g.')
      .replaceAll('OVER ()', `OVER (${IN_ORDER})`)
      .replaceAll('OVER (ROWS', `OVER (${IN_ORDER} ROWS`)
      // It has no filters within windows; they leave out what an aggregate passes over anyway.
      .replace(/ FILTER \(WHERE [\w.]+ IS NOT NULL\)/g, '')
      .replaceAll("CAST('@' AS ENUM('@'))", 'p._file')
  );
}

const TYPES: Record<string, string> = { string: 'STRING', bigint: 'BIGINT', double: 'DOUBLE' };

export const sparkColumns = (columns: typeof casasLandingColumns) =>
  columns.map(({ name, type }) => ({ name, type: TYPES[type] as string }));

/** The files' fields, without the two lines of their headers. */
export function sparkRaw(uri: string): { view: string; select: string } {
  const schema = CASAS_FIELDS.map(
    ({ name, type }) => `\`${name}\` ${type === 'number' ? 'DOUBLE' : 'STRING'}`,
  );
  return {
    view: `CREATE TEMPORARY VIEW lines (${schema.join(', ')})
      USING csv OPTIONS (path '${uri}', header 'false', mode 'PERMISSIVE')`,
    select: `SELECT l.*, CAST(unix_micros(TRY_CAST(l.stamp AS TIMESTAMP)) / 1000.0 AS DOUBLE) AS ${msColumn(STAMP)},
      input_file_name() AS _file, monotonically_increasing_id() AS source_line
      FROM lines l WHERE l.stamp NOT IN ('stamp', 'dt')`,
  };
}
