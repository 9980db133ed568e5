/** The same SQL without Watchlake around it: landing by declared schema and the five tables, nothing else. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Field, SourceName } from '../lakehouse/stedi/fields';
import { SOURCE_FIELDS, SOURCE_NAMES } from '../lakehouse/stedi/fields';
import { STEDI_LANDING } from '../lakehouse/stedi/locations';
import { DEFAULT_OPTIONS } from '../lakehouse/stedi/options';
import { declaredTables } from '../lakehouse/stedi/refresh-plan';
import { CUSTOMER_QUARANTINE } from '../lakehouse/stedi/unclear-consent';
import type { SqlTable } from '../lakehouse/tables';

const TYPES: Record<Field['type'], { duckdb: string; spark: string }> = {
  text: { duckdb: 'VARCHAR', spark: 'STRING' },
  epoch: { duckdb: 'BIGINT', spark: 'BIGINT' },
  number: { duckdb: 'DOUBLE', spark: 'DOUBLE' },
};

export interface BareSource {
  readonly name: SourceName;
  readonly table: string;
  readonly files: readonly string[];
  /** Name and type of each field. */
  readonly fields: readonly (readonly [string, string])[];
  /** Further columns that the tables' SQL reads. */
  readonly more: readonly string[];
}

// In place of the keyed pseudonym, which needs code of ours.
const SUBJECT_KEY = { duckdb: 'sha256(r.email)', spark: 'sha2(r.email, 256)' };

export function bareSources(source: string, dialect: 'duckdb' | 'spark'): BareSource[] {
  return SOURCE_NAMES.map((name) => ({
    name,
    table: STEDI_LANDING[name],
    files: readdirSync(join(source, name)).map((file) => join(source, name, file)),
    fields: SOURCE_FIELDS[name].map((field) => [field.name, TYPES[field.type][dialect]] as const),
    more: name === 'customer' ? [`${SUBJECT_KEY[dialect]} AS subject_key`] : [],
  }));
}

/** What the tables read beside the landing tables: every line of the bench is good, so that it has no rows. */
export const NO_QUARANTINE = {
  name: CUSTOMER_QUARANTINE,
  select: 'SELECT CAST(NULL AS STRING) AS raw WHERE 1 = 0',
};

export const bareTables = (): SqlTable[] =>
  declaredTables({ dataset: 'stedi', options: DEFAULT_OPTIONS }) as SqlTable[];

/** What a table's SELECT reads beside its inputs, by name: made once, as the engines do. */
export const preparedFor = ({ transform }: SqlTable): [name: string, select: string][] =>
  Object.entries((transform.type === 'row-wise' && transform.prepared) || {});

/** The rows that a table keeps, in its columns. */
export function keptSelect({ columns, orderBy, transform }: SqlTable): string {
  const names = columns.map(({ name }) => `made.${name}`).join(', ');
  const kept =
    transform.type === 'row-wise' ? 'WHERE made._quarantine IS NULL AND made._drop IS NULL' : '';
  const order = orderBy.length > 0 ? `ORDER BY ${orderBy.join(', ')}` : '';
  return `SELECT ${names} FROM (${transform.sql}) made ${kept} ${order}`;
}
