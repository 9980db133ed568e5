/** Topics that are deleted and made anew under a predictor: it goes on with the new ones. */
import { setTimeout as pause } from 'node:timers/promises';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { createStreamActivities, type PredictorTotals } from '../../activities/stream-activities';
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

const NOTHING_SENT = { devices: 0, recordings: 0, secondsEach: 0 };

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

test('never tells of fewer windows than none when the topic is made anew under a later run', async () => {
  const { broker, topics } = await createTestStreams(1);
  const model = 'counted';
  const championVersion = async () => null;
  const predictWhile = async (seed: number, work: () => Promise<void>) => {
    const { runPredictor } = createStreamActivities({
      ...{ broker, topics, championVersion, source: madeRecordings(NOTHING_SENT) },
      loadChampion: () => Promise.resolve(testChampion(seed)),
      candidates: { threshold: 0.6, auditShare: 0.1, seed: 0 },
    });
    const environment = new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') });
    const input = { model, dataset: 'exercises' };
    const ended: Promise<PredictorTotals> = environment.run(runPredictor, input);
    const signal = AbortSignal.timeout(30_000);
    await awaitVersion(broker, topics, { model, version: String(seed), championVersion, signal });
    await work();
    environment.cancel();
    return (await ended).predicted;
  };
  const send = async (name: string, secondsEach: number) => {
    const source = madeRecordings({ devices: 2, recordings: 1, secondsEach });
    const options = { name, dataset: 'exercises', topics, speed: 0 };
    const sent = await simulateDevices({ broker, log, source }, options);
    await untilPredicted(broker, { topics, model }, sent);
  };
  try {
    expect(await predictWhile(1, () => send('former', 20))).toBe(2 * 9);
    const later = async () => {
      await makeAnew(topics.samples, 1);
      await send('later', 12);
    };
    // With the topic the broker has forgotten what had been counted.
    expect(await predictWhile(2, later)).toBe(2 * 5);
  } finally {
    await broker.close();
  }
});
