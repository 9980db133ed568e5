/** The application page by itself, where workers run in processes or containers of their own. */
import { openPool, requireMigrated } from '../registry/database';
import { startAppServer, type RunningApp } from './app';
import { awaitAddresses, type OnWait } from './awaited-parts';
import type { Config } from './config';
import { createLog } from './logging';

/** Throws STACK_NOT_RUNNING, STACK_NOT_READY, DATABASE_OLDER, TEMPORAL_UNAVAILABLE and PORT_TAKEN. */
export async function startPage(config: Config, onWait?: OnWait): Promise<RunningApp> {
  const addresses = await awaitAddresses(config, onWait);
  const pool = openPool(addresses.postgres.url, { connections: 1 });
  await requireMigrated(pool).finally(() => pool.end());
  return startAppServer(config, addresses, createLog(config, 'app'));
}
