/** Twenty devices for a month while server, worker and broker are killed: nothing is lost, and nothing counts twice. */
import { runDevices } from './device-run';
import { expectNothingLost } from './expect-devices';

const LIMIT_MS = 20 * 60_000;

test(
  'a month of devices comes out of PostgreSQL as it was made, whatever is killed',
  async () => {
    const run = await runDevices({
      ...{ everySeconds: 300, maximumEvents: 40_000, landsMeanwhile: true, killWorkers: 3 },
      ...{ killServerAt: [0.2, 0.6], killBrokerAt: [0.4, 0.8] },
    });
    expect(run.kills).toEqual({ server: 2, broker: 2, landing: 3, aggregation: 1 });
    // One that starts while the broker is away gives up, and the next one finds it.
    const killed = run.workerEnds.filter((end) => end !== 'code 1');
    expect(killed).toEqual(Array.from({ length: 4 }, () => 'SIGKILL'));
    expectNothingLost(run);
  },
  LIMIT_MS,
);
