/** What the aggregates are made from: one dataset, its newest snapshot that was looked at, the profiles. */
import { WatchlakeError } from '../core/errors';
import { onlyRow, type Queryable } from '../core/postgres';

interface SourceRow {
  dataset: string | null;
  snapshot_version: string;
  profiles_version: string;
}

const COLUMNS = 'dataset, snapshot_version, profiles_version';

/** Of the profiles; it rises with each change. */
export async function profilesVersion(connection: Queryable): Promise<number> {
  const row = onlyRow(
    await connection.query<SourceRow>(`SELECT ${COLUMNS} FROM devices.aggregation_source`),
  );
  return Number(row.profiles_version);
}

export interface SourceState {
  readonly dataset: string;
  /** Of the table's pointer in the catalogue. */
  readonly snapshotVersion: number;
  readonly profilesVersion: number;
}

/**
 * Until the transaction ends nobody else changes what is known of the lake. Throws AGGREGATES_OUTDATED when a newer snapshot was looked at
 * meanwhile or a profile has changed, INPUT_INVALID when the tables hold another dataset.
 */
export async function claimSource(connection: Queryable, state: SourceState): Promise<void> {
  const found = onlyRow(
    await connection.query<SourceRow>(
      `SELECT ${COLUMNS} FROM devices.aggregation_source FOR UPDATE`,
    ),
  );
  if (found.dataset !== null && found.dataset !== state.dataset) {
    const detail = `the tables hold aggregates of the dataset ${found.dataset}`;
    throw new WatchlakeError('INPUT_INVALID', { field: 'dataset', detail });
  }
  const isOlder = state.snapshotVersion < Number(found.snapshot_version);
  if (isOlder || state.profilesVersion !== Number(found.profiles_version)) {
    throw new WatchlakeError('AGGREGATES_OUTDATED', {
      what: isOlder ? 'newer events' : 'other profiles',
    });
  }
  await connection.query(
    'UPDATE devices.aggregation_source SET dataset = $1, snapshot_version = $2',
    [state.dataset, state.snapshotVersion],
  );
}

/** What was learned by profiles that have changed since is refused from here on. */
export const raiseProfilesVersion = (connection: Queryable) =>
  connection.query('UPDATE devices.aggregation_source SET profiles_version = profiles_version + 1');
