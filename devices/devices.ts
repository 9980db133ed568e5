/** The tables of devices in PostgreSQL: profiles, what is known of the landed dates, aggregates. */
import type { Pool } from 'pg';
import { createAggregates } from './aggregates';
import { createOwners } from './erase';
import { createLandedDates } from './landed-dates';
import { createPartitions } from './partitions';
import { createPeriods } from './periods';
import { createProfiles } from './profiles';
import { createAggregateRemoval } from './remove';

export const createDeviceTables = (pool: Pool) => ({
  ...createProfiles(pool),
  ...createLandedDates(pool),
  ...createPeriods(pool),
  ...createPartitions(pool),
  ...createAggregates(pool),
  ...createOwners(pool),
  ...createAggregateRemoval(pool),
});

export type DeviceTables = ReturnType<typeof createDeviceTables>;
