/** All that a running predictor had not read is deleted, and it ends before anything else comes: its place is kept. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Predictor } from '../../streaming/predictor';
import { fetchProgress, totalsOf } from '../../streaming/progress';
import { predictorGroup } from '../../streaming/topics';
import { heldChampion } from '../support/held-champion';
import { lossLog, sendDevices } from '../support/lost-samples';
import { predictorOptions, testChampion, untilPredicted } from '../support/stream-runs';
import { createTestStreams, endAfter } from '../support/streams';

test('whoever follows a predictor that had nothing left to read tells the loss, and counts on', async () => {
  const { losses, log } = lossLog();
  const { broker, topics } = await createTestStreams(1);
  const model = 'silent';
  const options = predictorOptions(model, topics);
  const held = heldChampion(1);
  const stop = new AbortController();
  const first = new Predictor({ broker, log, loadChampion: async () => held.champion }, options);
  const ended = first.run(stop.signal);
  const send = (name: string, devices: number) => sendDevices(broker, topics, { name, devices });
  const again = new AbortController();
  let endedAgain: Promise<void> | undefined;
  try {
    await send('first', 1);
    await held.hasBegun;
    const read = await endAfter(broker, topics.samples, 0);
    await send('second', 2);
    const left = await endAfter(broker, topics.samples, read);
    await broker.deleteRecords(topics.samples, { 0: left });
    held.goOn();
    // The place that is gone has been replaced: by the oldest that there is, or the next.
    const group = predictorGroup(topics, model);
    const place = async () => (await broker.committed(group, topics.samples)).get(0)?.offset;
    for (let tries = 0; tries < 200 && (await place()) !== left; tries += 1) await sleep(50);
    expect(await place()).toBe(left);
    stop.abort();
    await ended;
    expect(losses).toEqual([]);
    const before = totalsOf(await fetchProgress(broker, topics, model));
    expect(before.predicted).toBe(first.progress.predicted);
    expect(before.predicted).toBeGreaterThan(0);
    const loadChampion = () => Promise.resolve(testChampion(1));
    const second = new Predictor({ broker, log, loadChampion }, options);
    endedAgain = second.run(again.signal);
    await untilPredicted(broker, { topics, model }, await send('third', 3));
    const { next } = (await fetchProgress(broker, topics, model)).get(0) ?? { next: 0 };
    expect(next).toBeGreaterThan(left);
    expect(losses).toEqual([{ partition: 0, offsets: expect.any(Number) as number }]);
    const [{ offsets }] = losses as [{ offsets: number }];
    expect(left - read - offsets).toBeGreaterThanOrEqual(-1);
    expect(left - read - offsets).toBeLessThanOrEqual(0);
    const after = totalsOf(await fetchProgress(broker, topics, model));
    expect(after.predicted).toBe(before.predicted + second.progress.predicted);
  } finally {
    held.goOn();
    stop.abort();
    again.abort();
    await Promise.all([ended, endedAgain]);
    await broker.close();
  }
});
