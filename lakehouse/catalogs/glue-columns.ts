/** Declared columns as Hive knows them, which Glue, Athena and Spark share. */
import type { Column } from '@aws-sdk/client-glue';
import type { TablePointer } from '../ports';
import type { ColumnDeclaration, ColumnType } from '../tables';

const HIVE_TYPES: Record<ColumnType, string> = {
  string: 'string',
  bigint: 'bigint',
  integer: 'int',
  double: 'double',
  float: 'float',
  boolean: 'boolean',
  'float-list': 'array<float>',
  'string-list': 'array<string>',
};

// Glue refuses longer comments, and those of several lines: the unit of a channel is whatever its archive says.
const COMMENT_CHARACTERS = 255;
const BREAKS = /[\p{Cc}\u2028\u2029]+/gu;

const HALF_LETTER = /[\ud800-\udbff]$/;

const commentOf = (text: string): string =>
  text.replace(BREAKS, ' ').slice(0, COMMENT_CHARACTERS).replace(HALF_LETTER, '');

/** Glue's names are lower case; Parquet columns are found whatever their case. */
export const hiveName = (name: string): string => name.toLowerCase();

function hiveColumn({ name, type, comment, personal }: ColumnDeclaration): Column {
  const text = personal ? `${comment} (personal)` : comment;
  return {
    Name: hiveName(name),
    Type: HIVE_TYPES[type],
    Comment: commentOf(text),
  };
}

export interface HiveColumns {
  /** Those that the files hold; a partition's value is in the folder's name. */
  readonly columns: Column[];
  readonly partitionKeys: Column[];
}

/** Partition columns leave the others, and come in the order of the folders. */
export function hiveColumns({ columns, data }: TablePointer): HiveColumns {
  const partitions = (data?.partitions ?? []).map(({ name }) => name);
  const declared = (name: string) =>
    columns.find((each) => each.name === name) as ColumnDeclaration;
  return {
    columns: columns.filter(({ name }) => !partitions.includes(name)).map(hiveColumn),
    partitionKeys: partitions.map((name) => hiveColumn(declared(name))),
  };
}
