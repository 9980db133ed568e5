/** Brings the database that is configured, or that of the running stack, to this version. */
import { migrate } from '../registry/database';
import { awaitParts, type OnWait } from './awaited-parts';
import type { Config } from './config';

/** The names of what was missing. Throws STACK_NOT_RUNNING, STACK_NOT_READY, DATABASE_UNAVAILABLE and DATABASE_NEWER. */
export async function migrateConfigured(config: Config, onWait?: OnWait): Promise<string[]> {
  const { postgres } = await awaitParts(config, { needed: ['postgres'], onWait });
  return migrate(postgres.url);
}
