/** Leaves out rows of people who were erased: by the keyed hashes of what identifies them in a row. */
import { unescaped } from '../../core/names-in';
import type { DuckdbSession } from '../engines/duckdb-session';
import { literal, quoted, rowsOf } from '../engines/duckdb-session';
import type { LocalFile } from '../engines/parquet-sink';
import { parquetSql } from '../engines/parquet-sink';
import type { Suppression } from '../suppression';
import { deviceIdentifier } from '../suppression';
import type { SourceName } from './fields';
import { IDENTIFIERS, normal, normalSql } from './fields';

export const WITHDRAWN_TABLE = 'withdrawn';
const IDENTIFIERS_AT_ONCE = 2000;

/** Whom a landing leaves out. */
export interface Withdrawals {
  /** Keys of the list that leave a row out, by whom it names: a person, or a device. */
  readonly keysFor: (source: SourceName, identifier: string) => readonly string[];
  /** The same for a text in a line that is no row. */
  readonly keysForText: (text: string) => readonly string[];
  readonly any: boolean;
}

/** `serials`: devices of theirs that customers tell, with the keys of those whose they are. */
export async function withdrawalsOf(
  suppression: Suppression,
  dataset: string,
  serials: ReadonlyMap<string, readonly string[]> = new Map(),
): Promise<Withdrawals> {
  const keys = await suppression.keys(dataset);
  const listed = (...identifiers: string[]): string[] =>
    identifiers.map((each) => suppression.keyOf(dataset, each)).filter((key) => keys.has(key));
  return {
    any: keys.size > 0,
    keysFor: (source, identifier) => {
      const known = normal(identifier);
      // A serial number may be shared: it names a device, never a customer.
      if (source !== 'step_trainer') return listed(known);
      return [...(serials.get(known) ?? []), ...listed(deviceIdentifier(known))];
    },
    keysForText: (text) => listed(normal(text), deviceIdentifier(normal(text))),
  };
}

async function textsOf(session: DuckdbSession, sql: string): Promise<string[]> {
  return (await rowsOf(session, sql)).map(({ identifier }) => identifier as string);
}

/** What keeps the rows of everybody else. */
export interface Others {
  readonly condition: string;
  /** Keys of the list that leave the rest out. */
  readonly keys: readonly string[];
}

/** Remembers the withdrawn among those that the rows name; their keys, none when nobody has to go. */
async function rememberFound(
  session: DuckdbSession,
  sql: string,
  keysOf: (identifier: string) => readonly string[],
): Promise<string[]> {
  const keys: string[] = [];
  const gone = (await textsOf(session, sql)).filter((identifier) => {
    const own = keysOf(identifier);
    keys.push(...own);
    return own.length > 0;
  });
  if (gone.length > 0) await remember(session, gone);
  return keys;
}

/** Makes a table of the identifiers, for this session. */
export async function remember({ connection }: DuckdbSession, identifiers: readonly string[]) {
  await connection.run(`CREATE OR REPLACE TEMP TABLE ${WITHDRAWN_TABLE} (identifier VARCHAR)`);
  for (let from = 0; from < identifiers.length; from += IDENTIFIERS_AT_ONCE) {
    const rows = identifiers.slice(from, from + IDENTIFIERS_AT_ONCE);
    const values = rows.map((identifier) => `(${literal(identifier)})`).join(', ');
    await connection.run(`INSERT INTO ${WITHDRAWN_TABLE} VALUES ${values}`);
  }
}

/** Null when nobody has to go. */
export async function othersThan(
  session: DuckdbSession,
  source: SourceName,
  files: readonly LocalFile[],
  { any, keysFor }: Withdrawals,
): Promise<Others | null> {
  if (!any || files.length === 0) return null;
  const columns = IDENTIFIERS[source].map((name) => normalSql(`r.${quoted(name)}`));
  const all = columns.map((each) => `SELECT ${each} AS identifier FROM ${parquetSql(files)} r`);
  const sql = all.join(' UNION ');
  const keys = await rememberFound(session, sql, (identifier) => keysFor(source, identifier));
  if (keys.length === 0) return null;
  const named = columns.map((each) => `${each} IN (SELECT w.identifier FROM ${WITHDRAWN_TABLE} w)`);
  return { condition: `NOT (${named.join(' OR ')})`, keys };
}

/** The same for lines that are no rows: whatever stands between quotes may be an identifier. */
export async function otherLinesThan(
  session: DuckdbSession,
  source: SourceName,
  files: readonly LocalFile[],
  { any, keysFor, keysForText }: Withdrawals,
): Promise<Others | null> {
  if (!any || files.length === 0) return null;
  const texts = `regexp_extract_all(r.raw, '"([^"]*)', 1)`;
  const sql = `SELECT DISTINCT ${normalSql('u.text')} AS identifier
    FROM (SELECT unnest(${texts}) AS text FROM ${parquetSql(files)} r) u`;
  const keys = await rememberFound(session, sql, (text) => {
    const read = unescaped(text);
    return [...keysFor(source, read), ...keysForText(read)];
  });
  if (keys.length === 0) return null;
  const condition = `NOT list_has_any(list_transform(${texts}, lambda t: ${normalSql('t')}),
    (SELECT list(w.identifier) FROM ${WITHDRAWN_TABLE} w))`;
  return { condition, keys };
}
