/** What is recorded of the workflows on devices' events. */
import { cancelled, landedEvents } from './fakes';
import { casesOf, failing, type HistoryCase, type Stage } from './history-case';

/** So many landings leave something behind. */
function leavingRest(times: number) {
  let landings = 0;
  return { landEvents: async () => landedEvents({ more: (landings += 1) <= times }) };
}

const devices = { dataset: 'devices' };

const LAND = casesOf('landDeviceEvents', [
  { name: 'landed', input: devices, activities: () => leavingRest(2), ends: 'COMPLETED' },
  {
    name: 'continued',
    input: { ...devices, landingsPerRun: 2 },
    activities: () => leavingRest(3),
    ends: 'CONTINUED_AS_NEW',
  },
  {
    name: 'landed-after-continuing',
    input: { ...devices, landingsPerRun: 2 },
    activities: () => leavingRest(3),
    ends: 'CONTINUED_AS_NEW',
    last: true,
  },
  {
    name: 'failed',
    input: devices,
    activities: () => ({ landEvents: failing('CHECK_FAILED') }),
    ends: 'FAILED',
  },
  {
    name: 'cancelled',
    input: devices,
    activities: () => ({ landEvents: cancelled }),
    drive: async ({ called, handle }: Stage) => {
      await called('landEvents');
      await handle.cancel();
    },
    ends: 'CANCELLED',
  },
]);

const daily = { ...devices, grain: 'day' as const };

/** More periods than one plan holds, so many times. */
function leavingPeriods(times: number) {
  let plans = 0;
  return {
    planAggregation: async () => ({
      ...{ batches: [['2026-03-01']], periods: 2, unassigned: 0 },
      more: (plans += 1) <= times,
    }),
  };
}

const AGGREGATE = casesOf('aggregateDevices', [
  { name: 'due', input: daily, ends: 'COMPLETED' },
  {
    name: 'range',
    input: { ...devices, grain: 'month', from: '2026-01-01', to: '2026-03-31', keepMonths: 36 },
    ends: 'COMPLETED',
  },
  {
    name: 'nothing-due',
    input: { ...devices, grain: 'week' },
    activities: () => ({
      planAggregation: async () => ({ batches: [], periods: 0, more: false, unassigned: 0 }),
    }),
    ends: 'COMPLETED',
  },
  {
    name: 'continued',
    input: daily,
    activities: () => leavingPeriods(1),
    ends: 'CONTINUED_AS_NEW',
  },
  {
    name: 'aggregated-after-continuing',
    input: daily,
    activities: () => leavingPeriods(1),
    ends: 'CONTINUED_AS_NEW',
    last: true,
  },
  {
    name: 'failed',
    input: daily,
    activities: () => ({ aggregatePeriods: failing('STORE_FULL') }),
    ends: 'FAILED',
  },
  {
    name: 'cancelled',
    input: daily,
    activities: () => ({ aggregatePeriods: cancelled }),
    drive: async ({ called, handle }: Stage) => {
      await called('aggregatePeriods');
      await handle.cancel();
    },
    ends: 'CANCELLED',
  },
]);

export const DEVICES: readonly HistoryCase[] = [...LAND, ...AGGREGATE];
