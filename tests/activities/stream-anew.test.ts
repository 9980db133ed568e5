/** Topics that are deleted and made anew under a predictor: it goes on with the new ones. */
import { announceVersion, awaitVersion } from '../../streaming/control';
import { Predictor } from '../../streaming/predictor';
import { simulateDevices } from '../../streaming/simulator';
import { madeRecordings } from '../support/made-recordings';
import {
  predictorOptions,
  testChampion,
  untilPredicted,
  writtenPredictions,
} from '../support/stream-runs';
import { createTestStreams, makeAnew, silentLog as log } from '../support/streams';

test('takes the champion that is announced on a control topic that was made anew meanwhile', async () => {
  const { broker, topics } = await createTestStreams(1);
  const model = 'control';
  let champion = testChampion(1);
  const loadChampion = () => Promise.resolve(champion);
  const championVersion = async () => null;
  const stop = new AbortController();
  const predictor = new Predictor({ broker, log, loadChampion }, predictorOptions(model, topics));
  const predicted = predictor.run(stop.signal);
  const awaitVersionOf = (version: string) =>
    awaitVersion(broker, topics, {
      ...{ model, version, championVersion },
      signal: AbortSignal.timeout(30_000),
    });
  const take = async (seed: number) => {
    champion = testChampion(seed);
    await announceVersion(broker, topics, { model, version: champion.version });
    await awaitVersionOf(champion.version);
  };
  try {
    await awaitVersionOf('1');
    await take(2);
    await makeAnew(topics.control, 1);
    await take(3);
    expect(predictor.progress.version).toBe('3');
  } finally {
    stop.abort();
    await predicted;
    await broker.close();
  }
});

test('predicts what is sent to a topic that was made anew meanwhile', async () => {
  const { broker, topics } = await createTestStreams(1);
  const model = 'anew';
  const loadChampion = () => Promise.resolve(testChampion(1));
  const stop = new AbortController();
  const predictor = new Predictor({ broker, log, loadChampion }, predictorOptions(model, topics));
  const predicted = predictor.run(stop.signal);
  try {
    const send = (name: string, secondsEach: number) =>
      simulateDevices(
        { broker, log, source: madeRecordings({ devices: 2, recordings: 1, secondsEach }) },
        { name, dataset: 'exercises', topics, speed: 0 },
      );
    await untilPredicted(broker, { topics, model }, await send('former', 20));
    await makeAnew(topics.samples, 1);
    await untilPredicted(broker, { topics, model }, await send('later', 12));
    const written = await writtenPredictions(broker, topics, model);
    expect(written).toHaveLength(2 * 9 + 2 * 5);
  } finally {
    stop.abort();
    await predicted;
    await broker.close();
  }
});
