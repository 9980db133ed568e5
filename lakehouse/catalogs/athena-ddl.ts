/** Published tables as SQL that Athena takes, for accounts in which Watchlake may not write to Glue. */
import type { Column } from '@aws-sdk/client-glue';
import type { TablePointer } from '../ports';
import { hiveColumns } from './glue-columns';
import { folderUri, storageProperties } from './glue-table';

export interface DdlPlace {
  readonly database: string;
  /** The lake's address, without a slash at its end. */
  readonly root: string;
}

const name = (text: string): string => `\`${text.replaceAll('`', '``')}\``;

/** Athena's ways of escaping differ from statement to statement: what would need it is replaced. */
const text = (value: string): string =>
  `'${value.replaceAll("'", '’').replaceAll(';', ',').replaceAll('\\', '/')}'`;

const definition = ({ Name = '', Type = '', Comment = '' }: Column): string =>
  `  ${name(Name)} ${Type} COMMENT ${text(Comment)}`;

const list = (columns: readonly Column[]): string => `(\n${columns.map(definition).join(',\n')}\n)`;

function createTable(pointer: TablePointer, { database, root }: DdlPlace): string {
  const { columns, partitionKeys } = hiveColumns(pointer);
  const properties = Object.entries(storageProperties(pointer, root)).map(
    ([key, value]) => `  ${text(key)} = ${text(value)}`,
  );
  return [
    `CREATE EXTERNAL TABLE IF NOT EXISTS ${name(database)}.${name(pointer.table)} ${list(columns)}`,
    ...(partitionKeys.length > 0 ? [`PARTITIONED BY ${list(partitionKeys)}`] : []),
    'STORED AS PARQUET',
    `LOCATION ${text(folderUri(pointer, root))}`,
    `TBLPROPERTIES (\n${properties.join(',\n')}\n)`,
  ].join('\n');
}

/** One statement each, as Athena runs them: the database, then its tables in the order of their names. */
export function athenaDdl(pointers: readonly TablePointer[], place: DdlPlace): string[] {
  const sorted = [...pointers].sort((a, b) => (a.table < b.table ? -1 : 1));
  return [
    `CREATE DATABASE IF NOT EXISTS ${name(place.database)}`,
    ...sorted.map((pointer) => createTable(pointer, place)),
  ];
}
