/** Samples that retention deletes under a predictor that runs: the log tells how many offsets, and nothing else is lost. */
import { Predictor } from '../../streaming/predictor';
import { fetchProgress } from '../../streaming/progress';
import { heldChampion } from '../support/held-champion';
import { lossLog, sendDevices } from '../support/lost-samples';
import { predictorOptions, untilPredicted } from '../support/stream-runs';
import { createTestStreams, endAfter } from '../support/streams';

test('a predictor that falls behind retention tells what it has lost', async () => {
  const { broker, topics } = await createTestStreams(1);
  const model = 'behind';
  const { losses, log } = lossLog();
  const { champion, hasBegun, goOn } = heldChampion(1);
  const loadChampion = () => Promise.resolve(champion);
  const stop = new AbortController();
  const options = { ...predictorOptions(model, topics), sessionTimeoutMs: 30_000 };
  const predictor = new Predictor({ broker, log, loadChampion }, options);
  const predicted = predictor.run(stop.signal);
  const send = (name: string, devices: number) => sendDevices(broker, topics, { name, devices });
  try {
    await send('first', 1);
    await hasBegun;
    const read = await endAfter(broker, topics.samples, 0);
    await send('second', 2);
    const left = (await endAfter(broker, topics.samples, read)) - 5;
    await broker.deleteRecords(topics.samples, { 0: left });
    goOn();
    await untilPredicted(broker, { topics, model }, await send('third', 3));
    // The marker behind the first transaction is among them, as are those of the second.
    expect(losses).toEqual([{ partition: 0, offsets: expect.any(Number) as number }]);
    const [{ offsets }] = losses as [{ offsets: number }];
    expect(left - read - offsets).toBeGreaterThanOrEqual(-1);
    expect(left - read - offsets).toBeLessThanOrEqual(0);
    const progress = (await fetchProgress(broker, topics, model)).get(0);
    expect(progress?.predicted).toBe(predictor.progress.predicted);
  } finally {
    goOn();
    stop.abort();
    await predicted;
    await broker.close();
  }
});
