/** What the commands about devices do themselves: profiles in PostgreSQL. */
import { WatchlakeError } from '../core/errors';
import { createDeviceTables, type DeviceTables } from '../devices/devices';
import { openPool, requireMigrated } from '../registry/database';
import { readStack } from '../stack/stack';
import { externalServices } from './addresses';
import type { Config } from './config';

export type DeviceProfiles = Pick<DeviceTables, 'importProfiles' | 'listProfiles'>;

/** Needs PostgreSQL alone. Throws STACK_NOT_RUNNING and DATABASE_OLDER. */
export async function openDeviceProfiles(config: Config) {
  const embedded = (await readStack(config.WATCHLAKE_HOME))?.addresses;
  const { postgres } = { ...embedded, ...externalServices(config) };
  if (!postgres) throw new WatchlakeError('STACK_NOT_RUNNING', { what: 'PostgreSQL' });
  const pool = openPool(postgres.url);
  try {
    await requireMigrated(pool);
  } catch (error) {
    await pool.end();
    throw error;
  }
  const profiles: DeviceProfiles = createDeviceTables(pool);
  return { profiles, close: () => pool.end() };
}
