/** What is said of a dataset or a table that the lake does not have: which ones it has. */
import { WatchlakeError } from '../core/errors';
import { fewOf } from '../core/few-of';
import type { Lake } from './lake';

type Catalogued = Pick<Lake, 'catalog'>;

/** DATASET_NOT_FOUND, to be thrown. */
export async function unknownDataset(
  { catalog }: Catalogued,
  dataset: string,
): Promise<WatchlakeError> {
  // The names are an extra: a catalogue that may not be listed as a whole takes nothing from the answer.
  const pointers = await catalog.list().catch(() => []);
  const names = [...new Set(pointers.map((each) => each.dataset))].sort();
  return new WatchlakeError('DATASET_NOT_FOUND', { dataset, known: fewOf(names) });
}

/** TABLE_NOT_FOUND, or DATASET_NOT_FOUND where nothing of the dataset is published; to be thrown. */
export async function unknownTable(
  lake: Catalogued,
  { dataset, table }: { dataset: string; table: string },
): Promise<WatchlakeError> {
  const pointers = await lake.catalog.list({ dataset });
  if (pointers.length === 0) return unknownDataset(lake, dataset);
  const known = fewOf(pointers.map((each) => each.table).sort());
  return new WatchlakeError('TABLE_NOT_FOUND', { dataset, table, known });
}
