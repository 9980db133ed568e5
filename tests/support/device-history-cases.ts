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

export const DEVICES: readonly HistoryCase[] = LAND;
