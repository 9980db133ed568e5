/** Where in the lake the snapshots and the unfinished work of a dataset lie. */
import { jobsFolder } from './engines/jobs/records';
import { ingestsFolder } from './landing/ingest-folder';
import { placesElsewhere } from './locations';
import type { Store, StoredObject } from './ports';
import { ZONES, isSnapshotId } from './tables';

export interface Place {
  readonly prefix: string;
  /** How many folders down. */
  readonly depth: number;
  /** Whether others may put something beside it: such a place is known to them by its name. */
  readonly isShared: boolean;
}

const plansOf = (dataset: string): Place[] =>
  [`refresh/${dataset}/`, jobsFolder(dataset)].map((prefix) => ({
    ...{ prefix, depth: 1, isShared: false },
  }));

export const tablePlace = (prefix: string, depth = 1): Place => ({ prefix, depth, isShared: true });

/** Whether a key in a folder of such a place is of our writers: a snapshot by its name, or an ingest. */
export const isOurs = ({ prefix, isShared }: Place, folder: string, key: string): boolean =>
  !isShared ||
  (key !== folder &&
    (isSnapshotId(folder.split('/').at(-1) as string) || folder.startsWith(`${prefix}ingests/`)));

/** Where snapshots and unfinished work of the dataset lie. */
export const placesOf = (dataset: string): Place[] => [
  ...ZONES.map((zone) => tablePlace(`${zone}/${dataset}/`, 2)),
  ...plansOf(dataset),
  ...placesElsewhere(dataset).map((prefix) => tablePlace(prefix)),
];

/** Where work lies that was never published. */
export const workPlacesOf = (dataset: string): Place[] => [
  { prefix: ingestsFolder(dataset), depth: 1, isShared: false },
  ...plansOf(dataset),
];

/** The folder of the place that the key lies in, such as that of a snapshot; without a slash at its end. */
export const folderIn = ({ prefix, depth }: Place, key: string): string =>
  key
    .split('/')
    .slice(0, prefix.split('/').length - 1 + depth)
    .join('/');

/** What our writers have put into the place, each with the folder that it lies in; what others have put beside it is left out. */
export async function* ownObjects(
  store: Pick<Store, 'list'>,
  place: Place,
): AsyncGenerator<{ folder: string; object: StoredObject }> {
  for await (const object of store.list(place.prefix)) {
    const folder = folderIn(place, object.key);
    if (isOurs(place, folder, object.key)) yield { folder, object };
  }
}
