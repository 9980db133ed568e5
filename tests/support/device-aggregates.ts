/** Aggregates for tests: made as the workflow makes them, and read back as they are defined. */
import { MockActivityEnvironment } from '@temporalio/testing';
import type { Pool } from 'pg';
import {
  createDeviceAggregateActivities,
  type AggregatedPeriods,
} from '../../activities/device-aggregate-activities';
import { createDeviceTables, type DeviceTables } from '../../devices/devices';
import { AGGREGATE_TABLES } from '../../devices/partitions';
import type { Lake } from '../../lakehouse/lake';
import { GRAINS, type Grain, type PersonAggregate } from '../../telemetry/aggregate';
import type { UserProfile } from '../../telemetry/profile';

/** By default of Ada, by UTC, of a counter that begins anew with each reading. */
export const profile = (deviceId: string, more: Partial<UserProfile> = {}): UserProfile => ({
  ...{ userId: 'ada', deviceId, userEmail: null, gender: null, age: null },
  ...{ timeZone: 'UTC', stepCounter: 'interval' },
  ...more,
});

export const aggregateActivities = (lake: Lake, pool: Pool, devices?: DeviceTables) =>
  createDeviceAggregateActivities({ lake, devices: devices ?? createDeviceTables(pool) });

/** What is due, or everything in a range; the periods that were done, and what was read and written. */
export async function aggregate(
  lake: Lake,
  pool: Pool,
  grain: Grain,
  more: { from?: string; to?: string; acceptLake?: boolean } = {},
) {
  const { planAggregation, aggregatePeriods } = aggregateActivities(lake, pool);
  const run = <T>(work: () => Promise<T>): Promise<T> => new MockActivityEnvironment().run(work);
  const dataset = 'devices';
  const plan = await run(() => planAggregation({ dataset, grain, maximumBatches: 100, ...more }));
  const done: AggregatedPeriods[] = [];
  for (const periods of plan.batches) {
    done.push(await run(() => aggregatePeriods({ dataset, grain, periods })));
  }
  const sum = (name: keyof AggregatedPeriods) =>
    done.reduce((total, each) => total + each[name], 0);
  return {
    periods: plan.batches.flat(),
    unassigned: plan.unassigned,
    ...{ files: sum('files'), rows: sum('rows'), people: sum('people') },
    ...{ written: sum('written'), deleted: sum('deleted'), notKept: sum('notKept') },
  };
}

export async function aggregateAll(lake: Lake, pool: Pool): Promise<Record<Grain, string[]>> {
  const done: Partial<Record<Grain, string[]>> = {};
  for (const grain of GRAINS) done[grain] = (await aggregate(lake, pool, grain)).periods;
  return done as Record<Grain, string[]>;
}

interface Row {
  user_id: string;
  start: string;
  total_steps: string;
  avg_heart_rate_asleep: number | null;
  avg_heart_rate: number | null;
  min_heart_rate: number | null;
  max_heart_rate: number | null;
  minutes_asleep: number;
  events: string;
  devices: number;
}

/** In the order of people (as text) and periods. */
export async function storedAggregates(pool: Pool, grain: Grain): Promise<PersonAggregate[]> {
  const { table, period } = AGGREGATE_TABLES[grain];
  const { rows } = await pool.query<Row>(
    `SELECT *, ${period}::text AS start FROM devices.${table}
      ORDER BY user_id COLLATE "C", ${period}`,
  );
  return rows.map((row) => ({
    userId: row.user_id,
    periodStart: row.start,
    totalSteps: Number(row.total_steps),
    avgHeartRateAsleep: row.avg_heart_rate_asleep,
    avgHeartRate: row.avg_heart_rate,
    minHeartRate: row.min_heart_rate,
    maxHeartRate: row.max_heart_rate,
    minutesAsleep: row.minutes_asleep,
    events: Number(row.events),
    devices: row.devices,
  }));
}
