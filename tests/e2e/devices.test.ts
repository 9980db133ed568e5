/** Twenty devices for a month, few events a day: from the client to the tables, and nothing is lost. */
import { runDevices } from './device-run';
import { expectNothingLost } from './expect-devices';

const LIMIT_MS = 5 * 60_000;

test(
  'a month of devices comes out of PostgreSQL as it was made, with server and broker killed on the way',
  async () => {
    const run = await runDevices({
      ...{ everySeconds: 3_600, maximumEvents: 10_000, killServerAt: [0.1] },
      // The command waits until the supervisor has brought it back.
      endBrokerAtLanding: true,
    });
    expect(run.kills).toMatchObject({ server: 1, broker: 1 });
    expectNothingLost(run);
  },
  LIMIT_MS,
);
