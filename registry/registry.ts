/** The registry: versions, aliases, leases, decisions and splits, over one database. */
import type { Pool } from 'pg';
import { createDatabase } from '../core/postgres';
import { createAliases } from './aliases';
import { createDecisions } from './decisions';
import { createLeases } from './leases';
import { createRemoval } from './removal';
import { createSplits } from './splits';
import { createVersions } from './versions';
import { createWithdrawals } from './withdrawals';

export function createRegistry(pool: Pool) {
  const database = createDatabase(pool);
  return {
    ...createVersions(database),
    ...createAliases(database),
    ...createLeases(database),
    ...createDecisions(database),
    ...createSplits(database),
    ...createWithdrawals(database),
    ...createRemoval(database),
  };
}

export type Registry = ReturnType<typeof createRegistry>;
