/** Where in the lake the snapshots of a table lie: below its zone, or where its format puts them. */
import { STEDI_DATASET, STEDI_TABLES, stediLocation } from './stedi/locations';
import type { TableDeclaration, Zone } from './tables';
import { ZONES, defaultLocation } from './tables';

export interface TableName {
  readonly dataset: string;
  readonly table: string;
}

export const locationOf = ({ location, dataset, name, zone }: TableDeclaration): string =>
  location ?? defaultLocation({ dataset, table: name, zone });

/** Every place where a snapshot of the table may lie when nothing but its name is known. */
export const locationsOf = ({ dataset, table }: TableName): string[] => [
  ...(STEDI_TABLES.includes(table) ? [stediLocation(dataset, table)] : []),
  ...ZONES.map((zone) => defaultLocation({ dataset, table, zone })),
];

/** Places of a dataset's tables besides those below `<zone>/<dataset>/`. */
export const placesElsewhere = (dataset: string): string[] =>
  STEDI_TABLES.map((table) => stediLocation(dataset, table));

const BY_DATASET: readonly string[] = [...ZONES, 'catalog', 'refresh', 'jobs'];
const STEDI_FOLDERS = new Set(
  STEDI_TABLES.map((table) => stediLocation(STEDI_DATASET, table).split('/')[0] as string),
);

const isZone = (name: string | undefined): boolean => ZONES.includes(name as Zone);

/** Whose object it is; null when it belongs to no dataset, such as a model. */
export function datasetOfKey(key: string): string | null {
  const [first = '', second = '', third] = key.split('/');
  if (BY_DATASET.includes(first)) return second;
  if (STEDI_FOLDERS.has(first) && isZone(second)) return STEDI_DATASET;
  return STEDI_FOLDERS.has(second) && isZone(third) ? first : null;
}
