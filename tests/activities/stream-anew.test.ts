/** Topics that are deleted and made anew under a predictor: it goes on with the new ones. */
import { setTimeout as pause } from 'node:timers/promises';
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

test('predicts what was sent while it was away to a topic that was made anew, also beyond the former one', async () => {
  const { broker, topics } = await createTestStreams(1);
  const model = 'beyond';
  const loadChampion = () => Promise.resolve(testChampion(1));
  const deps = { broker, log, loadChampion };
  const send = (name: string, devices: number, secondsEach: number) =>
    simulateDevices(
      { broker, log, source: madeRecordings({ devices, recordings: 1, secondsEach }) },
      { name, dataset: 'exercises', topics, speed: 0 },
    );
  const predictAll = async (devices: number, windowsEach: number) => {
    const stop = new AbortController();
    const predictor = new Predictor(deps, predictorOptions(model, topics));
    const predicted = predictor.run(stop.signal);
    const enough = () => predictor.progress.predicted >= devices * windowsEach;
    const deadlineMs = Date.now() + 30_000;
    while (!enough() && Date.now() < deadlineMs) await pause(100);
    stop.abort();
    await predicted;
    return predictor.progress.predicted;
  };
  try {
    await send('former', 2, 12);
    expect(await predictAll(2, 5)).toBe(10);
    await makeAnew(topics.samples, 1);
    await send('later', 3, 20);
    expect(await predictAll(3, 9)).toBe(27);
    // Taken over once more it is known: the three devices' samples are late.
    await send('last', 4, 20);
    expect(await predictAll(1, 9)).toBe(9);
    expect(await writtenPredictions(broker, topics, model)).toHaveLength(10 + 27 + 9);
  } finally {
    await broker.close();
  }
});
