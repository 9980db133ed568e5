/** Twenty devices for a month, few events a day: from the client to the tables, and nothing is lost. */
import { runDevices } from './device-run';
import { expectConsentHeld, expectNothingLost } from './expect-devices';

const LIMIT_MS = 8 * 60_000;

test(
  'a month of devices comes out of PostgreSQL as it was made, with server and broker killed on the way; who withdraws is erased, and comes back with a new consent',
  async () => {
    const run = await runDevices({
      ...{ everySeconds: 3_600, maximumEvents: 10_000, killServerAt: [0.1] },
      // The command waits until the supervisor has brought it back.
      endBrokerAtLanding: true,
      consentsAnew: 'u-0001',
    });
    expect(run.kills).toMatchObject({ server: 1, broker: 1 });
    expectNothingLost(run);
    expectConsentHeld(run);
  },
  LIMIT_MS,
);
