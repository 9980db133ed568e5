/** Profiles in PostgreSQL: who wears which device. What a change touches is aggregated anew. */
import type { Pool } from 'pg';
import { WatchlakeError } from '../core/errors';
import type { Queryable } from '../core/postgres';
import type { GivenProfile, UserProfile } from '../telemetry/profile';
import { bulkTransaction, type BulkConnection } from './copy';
import { raiseProfilesVersion } from './source';

export interface ImportOptions {
  /** A device that belongs to somebody else passes on, with all that it has ever told. */
  readonly moveDevices?: boolean;
  readonly dryRun?: boolean;
}

export interface ProfileChange {
  readonly deviceId: string;
  readonly kind: 'added' | 'changed' | 'moved';
  /** Names of what differs; never the values, which may be personal. */
  readonly fields: readonly string[];
}

export interface ImportResult {
  readonly profiles: number;
  readonly added: number;
  readonly changed: number;
  readonly moved: number;
  readonly unchanged: number;
  readonly changes: readonly ProfileChange[];
  /** Dates that have events of these devices, whose periods are aggregated anew the next time. */
  readonly dates: number;
}

interface ProfileRow {
  device_id: string;
  user_id: string;
  user_email: string | null;
  gender: string | null;
  age: number | null;
  time_zone: string;
  step_counter: UserProfile['stepCounter'];
}

const COLUMNS = 'device_id, user_id, user_email, gender, age, time_zone, step_counter';

const toProfile = (row: ProfileRow): UserProfile => ({
  userId: row.user_id,
  deviceId: row.device_id,
  userEmail: row.user_email,
  gender: row.gender,
  age: row.age,
  timeZone: row.time_zone,
  stepCounter: row.step_counter,
});

const FIELDS = ['userId', 'userEmail', 'gender', 'age', 'timeZone', 'stepCounter'] as const;
/** What the aggregates depend on. */
const COUNTED: ReadonlySet<string> = new Set(['userId', 'timeZone', 'stepCounter']);

async function knownProfiles(
  connection: Queryable,
  given: readonly UserProfile[],
): Promise<Map<string, UserProfile>> {
  const { rows } = await connection.query<ProfileRow>(
    `SELECT ${COLUMNS} FROM devices.user_profiles
      WHERE device_id = ANY($1) OR user_id = ANY($2)`,
    [given.map(({ deviceId }) => deviceId), [...new Set(given.map(({ userId }) => userId))]],
  );
  return new Map(rows.map((row) => [row.device_id, toProfile(row)]));
}

/** What is not said stays as it is known: of the person, and of the device how it counts. */
function completed(
  given: readonly GivenProfile[],
  known: ReadonlyMap<string, UserProfile>,
): UserProfile[] {
  const people = new Map([...known.values()].map((profile) => [profile.userId, profile]));
  return given.map(({ unsaid = [], ...profile }) => {
    const kept = unsaid.flatMap((field) => {
      const from =
        field === 'stepCounter' ? known.get(profile.deviceId) : people.get(profile.userId);
      return from === undefined ? [] : [[field, from[field]] as const];
    });
    return { ...profile, ...(Object.fromEntries(kept) as Partial<UserProfile>) };
  });
}

/** One person has one time zone: what is said of a person holds for all devices that are known of them. */
function wanted(
  given: readonly UserProfile[],
  known: ReadonlyMap<string, UserProfile>,
): UserProfile[] {
  const people = new Map(given.map((profile) => [profile.userId, profile]));
  const named = new Set(given.map(({ deviceId }) => deviceId));
  const others = [...known.values()].flatMap((profile) => {
    const person = people.get(profile.userId);
    if (person === undefined || named.has(profile.deviceId)) return [];
    const { userEmail, gender, age, timeZone } = person;
    return [{ ...profile, userEmail, gender, age, timeZone }];
  });
  return [...given, ...others];
}

function changeOf(profile: UserProfile, before: UserProfile | undefined): ProfileChange | null {
  const { deviceId } = profile;
  if (before === undefined) return { deviceId, kind: 'added', fields: [...FIELDS] };
  const fields = FIELDS.filter((field) => profile[field] !== before[field]);
  if (fields.length === 0) return null;
  return { deviceId, kind: fields.includes('userId') ? 'moved' : 'changed', fields };
}

async function save(connection: Queryable, profiles: readonly UserProfile[]): Promise<void> {
  const column = <K extends keyof UserProfile>(name: K) => profiles.map((each) => each[name]);
  await connection.query(
    `INSERT INTO devices.user_profiles (${COLUMNS})
      SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::int[], $6::text[], $7::text[])
      ON CONFLICT (device_id) DO UPDATE SET user_id = excluded.user_id,
        user_email = excluded.user_email, gender = excluded.gender, age = excluded.age,
        time_zone = excluded.time_zone, step_counter = excluded.step_counter, updated_at = now()`,
    [
      column('deviceId'),
      column('userId'),
      column('userEmail'),
      column('gender'),
      column('age'),
      column('timeZone'),
      column('stepCounter'),
    ],
  );
}

/** The dates are looked at again: whose days their events lie in may be other ones now. */
async function touchDates(connection: Queryable, deviceIds: readonly string[]): Promise<number> {
  if (deviceIds.length === 0) return 0;
  await raiseProfilesVersion(connection);
  const { rowCount } = await connection.query(
    `UPDATE devices.landed_dates SET content = NULL WHERE event_date IN (
      SELECT event_date FROM devices.device_days WHERE device_id = ANY($1))`,
    [deviceIds],
  );
  return rowCount ?? 0;
}

async function datesOf(connection: Queryable, deviceIds: readonly string[]): Promise<number> {
  const { rows } = await connection.query<{ dates: string }>(
    `SELECT count(DISTINCT event_date) AS dates FROM devices.device_days
      WHERE device_id = ANY($1)`,
    [deviceIds],
  );
  return Number(rows[0]?.dates ?? 0);
}

const countOf = (changes: readonly ProfileChange[], kind: ProfileChange['kind']): number =>
  changes.filter((each) => each.kind === kind).length;

const MAXIMUM_SHOWN = 10;

function refuseMoves(changes: readonly ProfileChange[]): void {
  const moved = changes.filter(({ kind }) => kind === 'moved').map(({ deviceId }) => deviceId);
  if (moved.length === 0) return;
  const shown = moved.slice(0, MAXIMUM_SHOWN).join(', ');
  const devices = moved.length > MAXIMUM_SHOWN ? `${shown}, …` : shown;
  throw new WatchlakeError('DEVICES_MOVE', { count: moved.length, devices });
}

async function importInto(
  connection: BulkConnection,
  given: readonly GivenProfile[],
  { moveDevices = false, dryRun = false }: ImportOptions,
): Promise<ImportResult> {
  // Of two imports the later one sees what the earlier has changed.
  await connection.query('LOCK TABLE devices.user_profiles IN SHARE ROW EXCLUSIVE MODE');
  const known = await knownProfiles(connection, given);
  const all = wanted(completed(given, known), known);
  const changes = all.flatMap((profile) => changeOf(profile, known.get(profile.deviceId)) ?? []);
  if (!moveDevices && !dryRun) refuseMoves(changes);
  const changed = new Set(changes.map(({ deviceId }) => deviceId));
  const touched = changes
    .filter(({ fields }) => fields.some((field) => COUNTED.has(field)))
    .map(({ deviceId }) => deviceId);
  if (!dryRun)
    await save(
      connection,
      all.filter(({ deviceId }) => changed.has(deviceId)),
    );
  return {
    profiles: given.length,
    added: countOf(changes, 'added'),
    changed: countOf(changes, 'changed'),
    moved: countOf(changes, 'moved'),
    unchanged: all.length - changes.length,
    changes,
    dates: dryRun ? await datesOf(connection, touched) : await touchDates(connection, touched),
  };
}

export interface ListedProfile extends UserProfile {
  readonly updatedAt: string;
}

export function createProfiles(pool: Pool) {
  return {
    /**
     * Repeating it changes nothing; devices that are not named stay, as does what is known and not said. DEVICES_MOVE when one of them belongs to somebody
     * else, unless it may.
     */
    importProfiles: (
      given: readonly GivenProfile[],
      options: ImportOptions = {},
    ): Promise<ImportResult> =>
      bulkTransaction(pool, (connection) => importInto(connection, given, options)),

    /** By person and device. */
    listProfiles: ({ limit }: { limit: number }): Promise<ListedProfile[]> =>
      bulkTransaction(pool, async (connection) => {
        const { rows } = await connection.query<ProfileRow & { updated_at: Date }>(
          `SELECT ${COLUMNS}, updated_at FROM devices.user_profiles
            ORDER BY user_id, device_id LIMIT $1`,
          [limit],
        );
        return rows.map((row) => ({ ...toProfile(row), updatedAt: row.updated_at.toISOString() }));
      }),
  };
}

/** What the aggregation needs of them, and nothing more: device, person, time zone, whether steps go on counting. */
export const PEOPLE_SQL = `SELECT device_id, user_id, time_zone,
    CASE step_counter WHEN 'cumulative' THEN 1 ELSE 0 END FROM devices.user_profiles`;
