/** What the commands about devices do themselves: profiles and queries in PostgreSQL. */
import { createConsent } from '../consent/consent';
import { createDeviceTables, type DeviceTables } from '../devices/devices';
import type { ImportResult } from '../devices/profiles';
import { queryDevices, type DeviceQuery, type DeviceRows } from '../devices/query';
import { DEVICES_DATASET } from '../lakehouse/devices/names';
import { holdsDevices } from '../lakehouse/formats';
import type { Lake } from '../lakehouse/lake';
import { removedStreams } from '../lakehouse/removed-streams';
import { deviceIdentifier, type Suppression } from '../lakehouse/suppression';
import type { UserProfile } from '../telemetry/profile';
import type { OnWait } from './awaited-parts';
import type { Config } from './config';
import { lakeOf } from './dependencies';
import { migratedPool } from './migrated-pool';
import { pseudonymKey } from './secrets';

/** Profiles of erased people are left out. */
export interface DeviceProfiles extends Pick<DeviceTables, 'listProfiles'> {
  readonly importProfiles: (
    ...given: Parameters<DeviceTables['importProfiles']>
  ) => Promise<ImportResult & { readonly withdrawn: number }>;
}

/** Now, or before it was removed: who had withdrawn from it then stays out. */
const isOfDevices = async (lake: Lake, dataset: string): Promise<boolean> =>
  (await holdsDevices(lake, dataset)) ||
  (await removedStreams(lake.store, dataset))?.events !== undefined;

/** Events may land under any name, and one person's profile serves all of them. */
async function ofDevices(config: Config, datasets: readonly string[]): Promise<string[]> {
  if (datasets.every((each) => each === DEVICES_DATASET)) return [...datasets];
  const lake = lakeOf(config);
  try {
    const held = await Promise.all(datasets.map((each) => isOfDevices(lake, each)));
    return datasets.filter((_, at) => held[at]);
  } finally {
    await lake.close();
  }
}

/** Who withdrew is known by keyed hashes of the person and of each device. */
async function withoutWithdrawn(
  consent: Suppression,
  dataset: string,
  profiles: readonly UserProfile[],
): Promise<readonly UserProfile[]> {
  const gone = await consent.keys(dataset);
  const isGone = (name: string) => gone.has(consent.keyOf(dataset, name));
  return profiles.filter(
    ({ userId, deviceId }) => !isGone(userId) && !isGone(deviceIdentifier(deviceId)),
  );
}

/** Rows of aggregates and profiles. Throws QUERY_INVALID, STACK_NOT_RUNNING, STACK_NOT_READY and DATABASE_OLDER. */
export async function queryDeviceTables(
  config: Config,
  query: DeviceQuery,
  onWait?: OnWait,
): Promise<DeviceRows> {
  const pool = await migratedPool(config, onWait);
  try {
    return await queryDevices(pool, query);
  } finally {
    await pool.end();
  }
}

/** Needs PostgreSQL, and the lake where people withdrew from other datasets than `devices`. Throws STACK_NOT_RUNNING, STACK_NOT_READY and DATABASE_OLDER. */
export async function openDeviceProfiles(config: Config, onWait?: OnWait) {
  const pool = await migratedPool(config, onWait);
  const consent = createConsent(pool, await pseudonymKey(config));
  const { importProfiles, listProfiles } = createDeviceTables(pool);
  const profiles: DeviceProfiles = {
    listProfiles,
    async importProfiles(given, options) {
      let kept = given;
      for (const dataset of await ofDevices(config, await consent.suppressedDatasets())) {
        kept = await withoutWithdrawn(consent, dataset, kept);
      }
      return { ...(await importProfiles(kept, options)), withdrawn: given.length - kept.length };
    },
  };
  return { profiles, close: () => pool.end() };
}
