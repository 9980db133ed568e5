/** PostgreSQL for commands that need nothing else of the stack. */
import type { Pool } from 'pg';
import { openPool, requireMigrated } from '../registry/database';
import { awaitParts, type OnWait } from './awaited-parts';
import type { Config } from './config';

/** Throws STACK_NOT_RUNNING, STACK_NOT_READY and DATABASE_OLDER; the caller ends the pool. */
export async function migratedPool(config: Config, onWait?: OnWait): Promise<Pool> {
  const { postgres } = await awaitParts(config, { needed: ['postgres'], onWait });
  const pool = openPool(postgres.url);
  try {
    await requireMigrated(pool);
    return pool;
  } catch (error) {
    await pool.end();
    throw error;
  }
}
