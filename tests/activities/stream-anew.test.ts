/** A samples topic that is deleted and made anew under a predictor: what is sent to the new one is predicted. */
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

const MADE = { devices: 2, recordings: 1, secondsEach: 20 };

test('predicts what is sent to a topic that was made anew meanwhile', async () => {
  const { broker, topics } = await createTestStreams(1);
  const model = 'anew';
  const loadChampion = () => Promise.resolve(testChampion(1));
  const stop = new AbortController();
  const predictor = new Predictor({ broker, log, loadChampion }, predictorOptions(model, topics));
  const predicted = predictor.run(stop.signal);
  try {
    const send = (name: string) =>
      simulateDevices(
        { broker, log, source: madeRecordings(MADE) },
        { name, dataset: 'exercises', topics, speed: 0 },
      );
    await untilPredicted(broker, { topics, model }, await send('former'));
    await makeAnew(topics.samples, 1);
    await untilPredicted(broker, { topics, model }, await send('later'));
    const written = await writtenPredictions(broker, topics, model);
    expect(written).toHaveLength(2 * 2 * 9);
  } finally {
    stop.abort();
    await predicted;
    await broker.close();
  }
});
