/** What the ingest server has stored of somebody who was erased is stored again once they consent anew. */
import { event, post, useIngest } from '../../../support/ingest';

const start = useIngest();

test('what was stored before somebody consented anew is stored again, once', async () => {
  const key = { 'idempotency-key': 'one' };
  const { url, broker, folder, server } = await start();
  await post(url, [event(1)], key);
  await server.close();
  const outcomes = [];
  for (const newestRenewal of [async () => 7, async () => 7, () => Promise.reject(new Error())]) {
    const again = await start({ folder, newestRenewal }, broker);
    outcomes.push((await post(again.url, [event(1)], key)).body.accepted);
    outcomes.push((await post(again.url, [event(1)])).body.accepted);
    await again.server.close();
  }
  // The answer under the key is that of the time when it was stored.
  expect(outcomes).toEqual([1, 0, 1, 0, 1, 0]);
  expect(broker.events).toHaveLength(2);
});
