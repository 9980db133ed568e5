/** A table of the Glue catalogue from a pointer, and the pointer from the table. */
import type { Table, TableInput } from '@aws-sdk/client-glue';
import { GLUE_POINTER } from '../../core/aws';
import type { TablePointer, VersionedPointer } from '../ports';
import { hiveColumns } from './glue-columns';
import { projection } from './glue-projection';

const PARQUET = {
  input: 'org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat',
  output: 'org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat',
  serde: 'org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe',
} as const;

const PUBLICATION = 'watchlake.publication';

/** The folder of the pointer's rows; `root` is the lake's address without a slash at its end. */
export const folderUri = ({ data, prefix }: TablePointer, root: string): string =>
  `${root}/${data?.folder ?? `${prefix}data/`}`;

/** What Athena needs to know of the table besides its columns. */
export const storageProperties = (pointer: TablePointer, root: string): Record<string, string> => ({
  'parquet.compression': 'ZSTD',
  ...projection(pointer, folderUri(pointer, root)),
});

export interface TableRequest {
  readonly pointer: VersionedPointer;
  readonly root: string;
  /** Names this one publication, so that a publisher knows its own again. */
  readonly publication: string;
}

export function tableInput({ pointer, root, publication }: TableRequest): TableInput {
  const { columns, partitionKeys } = hiveColumns(pointer);
  const { dataset, table, zone, snapshotId, version, publishedAt } = pointer;
  return {
    Name: table,
    Description: `${table} of ${dataset}, ${zone} zone; published by Watchlake`,
    Owner: 'watchlake',
    TableType: 'EXTERNAL_TABLE',
    PartitionKeys: partitionKeys,
    StorageDescriptor: {
      Columns: columns,
      Location: folderUri(pointer, root),
      InputFormat: PARQUET.input,
      OutputFormat: PARQUET.output,
      SerdeInfo: {
        SerializationLibrary: PARQUET.serde,
        Parameters: { 'serialization.format': '1' },
      },
    },
    Parameters: {
      EXTERNAL: 'TRUE',
      classification: 'parquet',
      ...storageProperties(pointer, root),
      // For people who look at the table; the record itself is the last one.
      'watchlake.dataset': dataset,
      'watchlake.table': table,
      'watchlake.zone': zone,
      'watchlake.snapshot': snapshotId,
      'watchlake.version': String(version),
      'watchlake.published-at': publishedAt,
      [PUBLICATION]: publication,
      [GLUE_POINTER]: JSON.stringify(pointer),
    },
  };
}

/** Null for a table that Watchlake has not made. */
export function pointerOf({ Parameters = {} }: Table): VersionedPointer | null {
  const text = Parameters[GLUE_POINTER];
  return text === undefined ? null : (JSON.parse(text) as VersionedPointer);
}

export const publicationOf = ({ Parameters = {} }: Table): string | undefined =>
  Parameters[PUBLICATION];
