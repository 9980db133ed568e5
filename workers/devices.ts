/** What the commands about devices do themselves: profiles in PostgreSQL. */
import { createConsent } from '../consent/consent';
import { createDeviceTables, type DeviceTables } from '../devices/devices';
import type { ImportResult } from '../devices/profiles';
import { DEVICES_DATASET } from '../lakehouse/devices/names';
import { deviceIdentifier, type Suppression } from '../lakehouse/suppression';
import { openPool, requireMigrated } from '../registry/database';
import type { UserProfile } from '../telemetry/profile';
import { awaitParts, type OnWait } from './awaited-parts';
import type { Config } from './config';
import { pseudonymKey } from './secrets';

/** Profiles of erased people are left out. */
export interface DeviceProfiles extends Pick<DeviceTables, 'listProfiles'> {
  readonly importProfiles: (
    ...given: Parameters<DeviceTables['importProfiles']>
  ) => Promise<ImportResult & { readonly withdrawn: number }>;
}

/** Who withdrew is known by keyed hashes of the person and of each device. */
async function consenting(
  consent: Suppression,
  profiles: readonly UserProfile[],
): Promise<UserProfile[]> {
  const gone = await consent.keys(DEVICES_DATASET);
  if (gone.size === 0) return [...profiles];
  const isGone = (name: string) => gone.has(consent.keyOf(DEVICES_DATASET, name));
  return profiles.filter(
    ({ userId, deviceId }) => !isGone(userId) && !isGone(deviceIdentifier(deviceId)),
  );
}

/** Needs PostgreSQL alone. Throws STACK_NOT_RUNNING, STACK_NOT_READY and DATABASE_OLDER. */
export async function openDeviceProfiles(config: Config, onWait?: OnWait) {
  const { postgres } = await awaitParts(config, { needed: ['postgres'], onWait });
  const pool = openPool(postgres.url);
  try {
    await requireMigrated(pool);
  } catch (error) {
    await pool.end();
    throw error;
  }
  const consent = createConsent(pool, await pseudonymKey(config));
  const { importProfiles, listProfiles } = createDeviceTables(pool);
  const profiles: DeviceProfiles = {
    listProfiles,
    async importProfiles(given, options) {
      const kept = await consenting(consent, given);
      return { ...(await importProfiles(kept, options)), withdrawn: given.length - kept.length };
    },
  };
  return { profiles, close: () => pool.end() };
}
