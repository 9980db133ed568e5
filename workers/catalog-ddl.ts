/** The published tables as statements for Athena, wherever the catalogue is kept. */
import { WatchlakeError } from '../core/errors';
import { athenaDdl } from '../lakehouse/catalogs/athena-ddl';
import { glueDatabases } from '../lakehouse/catalogs/glue-databases';
import type { Lake } from '../lakehouse/lake';
import { unknownDataset } from '../lakehouse/unknown-names';
import type { Config } from './config';

export interface DdlOptions {
  readonly dataset: string;
  readonly database?: string;
  /** Address under which Athena finds the lake; its own when absent. */
  readonly lake?: string;
}

function rootOf({ store }: Lake, given?: string): string {
  const root = (given ?? store.uriOf('x').slice(0, -1)).replace(/\/+$/, '');
  if (root.startsWith('s3://')) return root;
  const detail = `Athena reads S3 alone, and the lake lies at ${root}: give --lake s3://…`;
  throw new WatchlakeError('USAGE_INVALID', { detail });
}

/** DATASET_NOT_FOUND when nothing of it is published. */
export async function catalogDdl(
  lake: Lake,
  config: Config,
  { dataset, database, lake: given }: DdlOptions,
): Promise<string[]> {
  const pointers = await lake.catalog.list({ dataset });
  if (pointers.length === 0) throw await unknownDataset(lake, dataset);
  const name = database ?? glueDatabases(config.GLUE_DATABASE).of(dataset);
  return athenaDdl(pointers, { database: name, root: rootOf(lake, given) });
}
