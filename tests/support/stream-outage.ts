/** A broker that dies while a simulator and a predictor work, and what they make of it. */
import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { startKafka } from '../../stack/kafka';
import { fetchProgress } from '../../streaming/progress';
import { Predictor } from '../../streaming/predictor';
import type { Prediction } from '../../streaming/prediction';
import { simulateDevices } from '../../streaming/simulator';
import { topicSpecs } from '../../streaming/topics';
import { madeRecordings, type MadeRecordings } from './made-recordings';
import { makeTestHome, testCache } from './start-stack';
import { connectBroker, freshTopicNames, recordingLog } from './streams';
import {
  expectedPredictions,
  predictorOptions,
  processed,
  testChampion,
  untilPredicted,
  untilProgress,
  writtenPredictions,
} from './stream-runs';

export interface Outage {
  readonly made: MadeRecordings;
  /** Each ends with the broker's start, which takes some seconds more. */
  readonly outagesMs: readonly number[];
}

const MODEL = 'outage';

/** Rejects when the work does; its end is no news. */
const failureOf = (work: Promise<unknown>): Promise<never> =>
  work.then(() => new Promise<never>(() => undefined));

/** Kills the broker without warning as often as asked; gives what was predicted and what should be. */
export async function predictThroughOutages({ made, outagesMs }: Outage): Promise<{
  written: Prediction[];
  expected: Prediction[];
}> {
  const home = await makeTestHome();
  let kafka = await startKafka({ home, cache: testCache(), port: 0 });
  const port = Number(kafka.brokers.split(':')[1]);
  const log = recordingLog();
  const broker = connectBroker([kafka.brokers], log);
  const topics = freshTopicNames();
  const stop = new AbortController();
  const working: Promise<unknown>[] = [];
  try {
    await broker.ensureTopics(topicSpecs(topics, { partitions: 2 }));
    // A fresh broker's coordinator may be seconds away, in which all would be processed unseen.
    let before = processed(await fetchProgress(broker, topics, MODEL));
    const loadChampion = () => Promise.resolve(testChampion(1));
    const options = { ...predictorOptions(MODEL, topics), messagesPerTransaction: 10 };
    const predictor = new Predictor({ broker, log, loadChampion }, options);
    const predicted = predictor.run(stop.signal);
    const simulated = simulateDevices(
      { broker, source: madeRecordings(made), log },
      {
        ...{ name: 'outage', dataset: 'exercises', topics, speed: 20 },
        ...{ messagesPerTransaction: 20, signal: stop.signal },
      },
    );
    working.push(
      predicted.catch(() => undefined),
      simulated.catch(() => undefined),
    );
    for (const outageMs of outagesMs) {
      const moved = untilProgress(broker, { topics, model: MODEL }, (progress) => {
        const now = processed(progress);
        const hasMoved = now > before;
        before = now;
        return hasMoved;
      });
      // Either may fail first, and then its own error says more than that nothing moves.
      await Promise.race([moved, failureOf(predicted), failureOf(simulated)]);
      process.kill(kafka.record.pid, 'SIGKILL');
      await sleep(outageMs);
      kafka = await startKafka({ home, cache: testCache(), port });
    }
    const finished = simulated.then((simulation) =>
      untilPredicted(broker, { topics, model: MODEL }, simulation, 120_000),
    );
    await Promise.race([finished, predicted]);
    stop.abort();
    await predicted;
    const written = await writtenPredictions(broker, topics, MODEL);
    return { written, expected: await expectedPredictions(made, MODEL) };
  } catch (error) {
    throw new Error(`what the client said until then:\n${log.story()}`, { cause: error });
  } finally {
    stop.abort();
    await Promise.all(working);
    await broker.close();
    await kafka.stop();
    await rm(home, { recursive: true, force: true });
  }
}
