/** A refresh without a window says so, with the likely causes, and offers no loop. */
import { fakeClient, fakeContext, run } from './fake-surroundings';

const table = { snapshotId: 's', reused: false, dropped: {}, quarantined: {}, firstProblems: [] };

async function refreshed(windows: object, trusted: object = { rows: 500 }): Promise<string> {
  const tables = {
    recordings_trusted: { ...table, ...trusted },
    windows: { ...table, rows: 0, ...windows },
    window_features: { ...table, rows: 0 },
  };
  const result = { releaseId: 'r', tables };
  const services = { connect: async () => fakeContext({ client: fakeClient({ result }, []) }) };
  const { stdout, exitCode } = await run(['refresh', 'trial', '--home', '/tmp/a'], { services });
  expect(exitCode).toBe(0);
  expect(stdout).toContain('no window was published');
  expect(stdout).not.toContain('next:');
  return stdout;
}

test.each([
  [0.02, 'seconds', 'are 0.02 ms apart, in seconds they are 50 a second'],
  [20_000, 'microseconds', 'are 20,000 ms apart, in microseconds they are 50 a second'],
  [2e7, 'nanoseconds', 'are 20,000,000 ms apart, in nanoseconds they are 50 a second'],
])('samples %d ms apart: the unit is named first', async (medianDistanceMs, likelyUnit, said) => {
  const stdout = await refreshed({ emptiness: { medianDistanceMs, likelyUnit } });
  const causes = stdout.split('\n').filter((line) => line.startsWith('    – '));
  expect(causes[0]).toContain(`timestamp_ms looks like ${likelyUnit}`);
  expect(causes[0]).toContain(said);
});

test('timestamps that are dates: the column is named, and the rows in quarantine', async () => {
  const quarantined = { 'timestamp-not-a-number': 500 };
  const stdout = await refreshed(
    { emptiness: { medianDistanceMs: null } },
    { rows: 0, quarantined, read: 500 },
  );
  expect(stdout).toContain('timestamp_ms has no milliseconds: it has to be a number');
  expect(stdout).toContain(
    '500 rows of recordings_trusted are in quarantine: npx watchlake quarantine show recordings_trusted --dataset trial --home /tmp/a',
  );
  expect(stdout).not.toContain('--window-length');
});

test('samples at a usual distance: the unit may be another, or the recordings short', async () => {
  const stdout = await refreshed({ emptiness: { medianDistanceMs: 20 } });
  expect(stdout).toContain('timestamp_ms may be in another unit than milliseconds');
  expect(stdout).toContain('shorter than a window (--window-length)');
});

test('of formats without that column, and of runs of before, no unit is suspected', async () => {
  expect(await refreshed({})).not.toContain('timestamp_ms');
});
