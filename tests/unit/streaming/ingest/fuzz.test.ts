/** Whatever is sent, the ingest server answers, and never with a fault of its own. */
import { fuzz } from '../../../support/fuzz-ingest';
import { event, post, startIngest, type TestIngest } from '../../../support/ingest';

let ingest: TestIngest;
beforeAll(async () => {
  ingest = await startIngest();
});
afterAll(() => ingest.close());

test('2,000 random bodies are answered, none with a fault of the server', async () => {
  const statuses = await fuzz({ url: ingest.url, bodies: 2000, seed: 7, connections: 8 });
  expect([...statuses.values()].reduce((sum, count) => sum + count)).toBe(2000);
  expect([...statuses.keys()].filter((status) => status >= 500)).toEqual([]);
  // All kinds of answers, else the bodies are not as random as they should be.
  expect([...statuses.keys()].sort()).toEqual([200, 207, 400, 415, 422]);
  expect((await post(ingest.url, event(1))).status).toBe(200);
}, 60_000);
