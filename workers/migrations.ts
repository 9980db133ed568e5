/** Brings the database that is configured, or that of the running stack, to this version. */
import { WatchlakeError } from '../core/errors';
import { migrate } from '../registry/database';
import { readStack } from '../stack/stack';
import { externalServices } from './addresses';
import type { Config } from './config';

/** The names of what was missing. Throws STACK_NOT_RUNNING, DATABASE_UNAVAILABLE and DATABASE_NEWER. */
export async function migrateConfigured(config: Config): Promise<string[]> {
  const embedded = (await readStack(config.WATCHLAKE_HOME))?.addresses;
  const { postgres } = { ...embedded, ...externalServices(config) };
  if (!postgres) throw new WatchlakeError('STACK_NOT_RUNNING', { what: 'PostgreSQL' });
  return migrate(postgres.url);
}
