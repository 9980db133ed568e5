/** Leaves out rows of people who were erased: by the keyed hashes of what identifies them in a row. */
import type { DuckdbSession } from '../engines/duckdb-session';
import { literal, quoted, rowsOf } from '../engines/duckdb-session';
import type { LocalFile } from '../engines/parquet-sink';
import { parquetSql } from '../engines/parquet-sink';
import type { Suppression } from '../suppression';
import { deviceIdentifier } from '../suppression';
import type { Source } from '../sources/source';
import type { Field, SourceName } from './fields';
import { IDENTIFIERS, SOURCE_FIELDS, normal, normalSql } from './fields';
import { objectsSql, problemSql, valueSql } from './json-lines';
import { readSourceFiles } from './layout';
import { localFile } from './local-file';

const WITHDRAWN_TABLE = 'withdrawn';
const IDENTIFIERS_AT_ONCE = 2000;

/** Whom a landing leaves out. */
export interface Withdrawals {
  /** By what the rows of the source name: a person, or a device. */
  readonly isWithdrawn: (source: SourceName, identifier: string) => boolean;
  readonly any: boolean;
}

/** `alsoKnown`: serial numbers of theirs that the source's own customers tell. */
export async function withdrawalsOf(
  suppression: Suppression,
  dataset: string,
  alsoKnown: ReadonlySet<string> = new Set(),
): Promise<Withdrawals> {
  const keys = await suppression.keys(dataset);
  const isListed = (identifier: string) => keys.has(suppression.keyOf(dataset, identifier));
  return {
    any: keys.size > 0,
    isWithdrawn: (source, identifier) => {
      const known = normal(identifier);
      // A serial number may be shared: it names a device, never a customer.
      if (source !== 'step_trainer') return isListed(known);
      return alsoKnown.has(known) || isListed(deviceIdentifier(known));
    },
  };
}

async function textsOf(session: DuckdbSession, sql: string): Promise<string[]> {
  return (await rowsOf(session, sql)).map(({ identifier }) => identifier as string);
}

/** Identifiers of the withdrawn among those that the rows name. */
const found = async (
  session: DuckdbSession,
  sql: string,
  source: SourceName,
  { isWithdrawn }: Withdrawals,
): Promise<string[]> =>
  (await textsOf(session, sql)).filter((identifier) => isWithdrawn(source, identifier));

async function remember({ connection }: DuckdbSession, identifiers: readonly string[]) {
  await connection.run(`CREATE OR REPLACE TEMP TABLE ${WITHDRAWN_TABLE} (identifier VARCHAR)`);
  for (let from = 0; from < identifiers.length; from += IDENTIFIERS_AT_ONCE) {
    const rows = identifiers.slice(from, from + IDENTIFIERS_AT_ONCE);
    const values = rows.map((identifier) => `(${literal(identifier)})`).join(', ');
    await connection.run(`INSERT INTO ${WITHDRAWN_TABLE} VALUES ${values}`);
  }
}

/** A condition that keeps the rows of everybody else, or null when nobody has to go. */
export async function othersCondition(
  session: DuckdbSession,
  source: SourceName,
  files: readonly LocalFile[],
  withdrawals: Withdrawals,
): Promise<string | null> {
  if (!withdrawals.any || files.length === 0) return null;
  const columns = IDENTIFIERS[source].map((name) => normalSql(`r.${quoted(name)}`));
  const all = columns.map((each) => `SELECT ${each} AS identifier FROM ${parquetSql(files)} r`);
  const gone = await found(session, all.join(' UNION '), source, withdrawals);
  if (gone.length === 0) return null;
  await remember(session, gone);
  const named = columns.map((each) => `${each} IN (SELECT w.identifier FROM ${WITHDRAWN_TABLE} w)`);
  return `NOT (${named.join(' OR ')})`;
}

/** The same for lines that are no rows: whatever stands between quotes may be an identifier. */
export async function othersLinesCondition(
  session: DuckdbSession,
  source: SourceName,
  files: readonly LocalFile[],
  withdrawals: Withdrawals,
): Promise<string | null> {
  if (!withdrawals.any || files.length === 0) return null;
  const texts = `regexp_extract_all(r.raw, '"([^"]*)', 1)`;
  const sql = `SELECT DISTINCT ${normalSql('u.text')} AS identifier
    FROM (SELECT unnest(${texts}) AS text FROM ${parquetSql(files)} r) u`;
  const gone = await found(session, sql, source, withdrawals);
  if (gone.length === 0) return null;
  await remember(session, gone);
  return `NOT list_has_any(list_transform(${texts}, lambda t: ${normalSql('t')}),
    (SELECT list(w.identifier) FROM ${WITHDRAWN_TABLE} w))`;
}

/** Serial numbers that only withdrawn people have, as the customers of the source name them. */
export async function serialsOfWithdrawn(
  session: DuckdbSession,
  source: Source,
  { isWithdrawn }: Withdrawals,
): Promise<Set<string>> {
  const theirs = new Set<string>();
  const others = new Set<string>();
  const fields = SOURCE_FIELDS.customer;
  const [email, serial] = ['email', 'serialNumber'].map((name) =>
    valueSql(fields.find((each) => each.name === name) as Field),
  );
  for (const file of readSourceFiles(source).filter((each) => each.source === 'customer')) {
    const path = await localFile(session, source, file.member.name);
    const sql = `SELECT ${email} AS email, ${serial} AS serial FROM ${objectsSql(path, fields)} j
      WHERE ${problemSql(fields)} IS NULL`;
    for (const row of await rowsOf(session, sql)) {
      const owners = isWithdrawn('customer', row.email as string) ? theirs : others;
      owners.add(normal(row.serial as string));
    }
  }
  return new Set([...theirs].filter((each) => !others.has(each)));
}
