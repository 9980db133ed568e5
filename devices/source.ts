/** What the aggregates are made from: one dataset, its newest snapshot that was looked at, the profiles. */
import { WatchlakeError } from '../core/errors';
import { onlyRow, type Queryable } from '../core/postgres';

interface SourceRow {
  dataset: string | null;
  lake: string | null;
  snapshot_version: string;
  profiles_version: string;
}

const COLUMNS = 'dataset, lake, snapshot_version, profiles_version';

const readSource = async (connection: Queryable): Promise<SourceRow> =>
  onlyRow(await connection.query<SourceRow>(`SELECT ${COLUMNS} FROM devices.aggregation_source`));

/** Of the profiles; it rises with each change. */
export const profilesVersion = async (connection: Queryable): Promise<number> =>
  Number((await readSource(connection)).profiles_version);

export interface LakeState {
  /** The catalogue's identity. */
  readonly lake: string;
  /** Of the table's pointer in that catalogue. */
  readonly snapshotVersion: number;
}

export interface SourceState extends LakeState {
  readonly dataset: string;
  readonly profilesVersion: number;
}

/** What was looked at last; lake and dataset are null before anything was. */
export async function aggregatedLake(
  connection: Queryable,
): Promise<Omit<LakeState, 'lake'> & { lake: string | null; dataset: string | null }> {
  const { dataset, lake, snapshot_version: version } = await readSource(connection);
  return { dataset, lake, snapshotVersion: Number(version) };
}

/**
 * Takes another lake, or an earlier state of the known one, for the source: every date is looked at again, and every period made
 * again, for events that are called the same there may say something else.
 */
export const adoptLake = (
  connection: Queryable,
  { lake, snapshotVersion }: LakeState,
): Promise<unknown> =>
  connection.query(
    `WITH source AS (UPDATE devices.aggregation_source SET lake = $1, snapshot_version = $2),
        days AS (UPDATE devices.local_days SET readings_before = readings_before + 1)
      UPDATE devices.landed_dates SET content = NULL`,
    [lake, snapshotVersion],
  );

/**
 * Until the transaction ends nobody else changes what is known of the lake. Throws AGGREGATES_OUTDATED when a newer snapshot or another lake was
 * looked at meanwhile or a profile has changed, INPUT_INVALID when the tables hold another dataset.
 */
export async function claimSource(connection: Queryable, state: SourceState): Promise<void> {
  const found = onlyRow(
    await connection.query<SourceRow>(
      `SELECT ${COLUMNS} FROM devices.aggregation_source FOR UPDATE`,
    ),
  );
  if (found.dataset !== null && found.dataset !== state.dataset) {
    const detail = `the tables hold aggregates of one dataset alone, ${found.dataset}`;
    throw new WatchlakeError('INPUT_INVALID', { field: 'dataset', detail });
  }
  const isOther = found.lake !== null && found.lake !== state.lake;
  const isOlder = isOther || state.snapshotVersion < Number(found.snapshot_version);
  if (isOlder || state.profilesVersion !== Number(found.profiles_version)) {
    throw new WatchlakeError('AGGREGATES_OUTDATED', {
      what: isOlder ? 'newer events' : 'other profiles',
    });
  }
  await connection.query(
    'UPDATE devices.aggregation_source SET dataset = $1, lake = $2, snapshot_version = $3',
    [state.dataset, state.lake, state.snapshotVersion],
  );
}

/** Null before anything was aggregated. */
export const sourceDataset = async (connection: Queryable): Promise<string | null> =>
  (await readSource(connection)).dataset;

/** Whether the tables held the dataset: from here on they hold none, and what was learned of it before is refused. */
export async function leaveSource(connection: Queryable, dataset: string): Promise<boolean> {
  const { rowCount } = await connection.query(
    `UPDATE devices.aggregation_source SET dataset = NULL, lake = NULL, snapshot_version = 0,
      profiles_version = profiles_version + 1 WHERE dataset = $1`,
    [dataset],
  );
  return rowCount === 1;
}

/** What was learned by profiles that have changed since is refused from here on. */
export const raiseProfilesVersion = (connection: Queryable) =>
  connection.query('UPDATE devices.aggregation_source SET profiles_version = profiles_version + 1');
