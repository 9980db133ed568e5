/** A broker that dies and comes back costs time, and nothing else. */
import { predictThroughOutages } from '../support/stream-outage';

test('a broker that is killed in the middle loses and repeats nothing', async () => {
  const { written, expected } = await predictThroughOutages({
    made: { devices: 8, recordings: 3, secondsEach: 30 },
    outagesMs: [2000],
  });
  expect(expected).toHaveLength(8 * 3 * 14);
  expect(written).toEqual(expected);
}, 300_000);
