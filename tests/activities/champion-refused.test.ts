/** A predictor that cannot tell which champion it uses gives it back: it is started again and again. */
import { Predictor } from '../../streaming/predictor';
import { predictorOptions, testChampion } from '../support/stream-runs';
import { createTestStreams, silentLog as log } from '../support/streams';

test('each start gives the champion back that it has loaded, and the last one too', async () => {
  const { broker, topics } = await createTestStreams(1);
  const champion = testChampion(1);
  let held = 0;
  const loadChampion = () => {
    held += 1;
    const classifier = { ...champion.classifier, dispose: () => void (held -= 1) };
    return Promise.resolve({ ...champion, classifier });
  };
  const refused = new Error('not authorised to write to the control topic');
  const refusing = Object.assign(Object.create(broker) as typeof broker, {
    openProducer: () => Promise.reject(refused),
  });
  const options = predictorOptions('refused', topics);
  try {
    for (let start = 0; start < 3; start += 1) {
      const predictor = new Predictor({ broker: refusing, log, loadChampion }, options);
      await expect(predictor.run(new AbortController().signal)).rejects.toBe(refused);
    }
    expect(held).toBe(0);
  } finally {
    await broker.close();
  }
});
