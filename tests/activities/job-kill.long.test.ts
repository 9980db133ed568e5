/** The long variant of the kill tests: between every two calls of the protocol, and with both workers alive. */
import { useKillBench } from '../support/jobs/kill-bench';
import { killedAt } from '../support/jobs/kill-run';

jest.setTimeout(3_600_000);

const bench = useKillBench();
// More than the protocol makes; the last ones find a worker that has finished.
const MOST_CALLS = 80;
const WAKE_MS = 1_500;

const KILLED = { signal: 'SIGKILL' as const, wakeMs: undefined };
const PAUSED = { signal: 'SIGSTOP' as const, wakeMs: undefined };
const BESIDE = { signal: 'SIGSTOP' as const, wakeMs: WAKE_MS };

const CASES = (['emr', 'glue'] as const).flatMap((engine) =>
  (['before', 'after'] as const).flatMap((when) => [
    ...[KILLED, PAUSED, BESIDE].map((how) => ({ engine, when, ...how, isOther: false })),
    ...[KILLED, BESIDE].map((how) => ({ engine, when, ...how, isOther: true })),
  ]),
);

test.each(CASES)(
  '$engine, $signal $when every call (wakes: $wakeMs, another holder: $isOther)',
  async (each) => {
    const broken: object[] = [];
    let calls = 0;
    for (let number = 1; number <= MOST_CALLS; number += 1) {
      const isIt = (_call: unknown, at: number): boolean => at === number;
      const { reached, calls: made, ...outcome } = await killedAt(bench, { ...each, isIt });
      if (!reached) break;
      calls = number;
      const wanted = bench.expected({});
      if (JSON.stringify(outcome) !== JSON.stringify({ ...outcome, ...wanted })) {
        broken.push({ number, call: made[number - 1], ...outcome });
      }
    }
    expect(broken).toEqual([]);
    expect(calls).toBeGreaterThan(15);
    expect(calls).toBeLessThan(MOST_CALLS);
  },
);
