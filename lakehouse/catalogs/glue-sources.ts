/** Where the files of tables lie that others have made in Glue, for sources that are named by catalogue. */
import type { GlueClient, Table } from '@aws-sdk/client-glue';
import { WatchlakeError } from '../../core/errors';
import { pointerOf } from './glue-table';
import { findTable, type Place } from './glue-tables';

// One JSON object on each line: what `stedi` files are.
const JSON_LINES = new Set([
  'org.openx.data.jsonserde.JsonSerDe',
  'org.apache.hive.hcatalog.data.JsonSerDe',
  'org.apache.hadoop.hive.serde2.JsonSerDe',
]);

// Hadoop's clients of S3 have schemes of their own for the same address.
const onS3 = (location = ''): string => location.replace(/^s3[an]:/i, 's3:');

function problemOf(found: Table | null): string | null {
  if (found === null) return 'there is none';
  if (pointerOf(found) !== null) return 'it is a table that Watchlake publishes';
  const { StorageDescriptor: storage, PartitionKeys } = found;
  const serde = storage?.SerdeInfo?.SerializationLibrary ?? 'none';
  if (!JSON_LINES.has(serde)) return `its rows are not JSON lines (SerDe ${serde})`;
  if ((PartitionKeys ?? []).length > 0) return 'it has partitions, which may lie anywhere';
  if (!onS3(storage?.Location).startsWith('s3://')) return `its files do not lie on S3`;
  return null;
}

/** The `s3://…/` folder of a foreign table of JSON lines; CATALOG_SOURCE_UNUSABLE says why not. */
export async function sourceFolder(glue: GlueClient, source: Place): Promise<string> {
  const found = await findTable(glue, source);
  const detail = problemOf(found);
  if (detail !== null) throw new WatchlakeError('CATALOG_SOURCE_UNUSABLE', { ...source, detail });
  const location = onS3(found?.StorageDescriptor?.Location);
  return location.endsWith('/') ? location : `${location}/`;
}
