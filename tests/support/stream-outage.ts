/** A broker that dies while a simulator and a predictor work, and what they make of it. */
import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { startKafka } from '../../stack/kafka';
import { Predictor } from '../../streaming/predictor';
import type { Prediction } from '../../streaming/prediction';
import { simulateDevices } from '../../streaming/simulator';
import { topicSpecs } from '../../streaming/topics';
import { madeRecordings, type MadeRecordings } from './made-recordings';
import { makeTestHome, testCache } from './start-stack';
import { connectBroker, freshTopicNames, silentLog } from './streams';
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

/** Kills the broker without warning as often as asked; gives what was predicted and what should be. */
export async function predictThroughOutages({ made, outagesMs }: Outage): Promise<{
  written: Prediction[];
  expected: Prediction[];
}> {
  const home = await makeTestHome();
  let kafka = await startKafka({ home, cache: testCache(), port: 0 });
  const port = Number(kafka.brokers.split(':')[1]);
  const broker = connectBroker([kafka.brokers]);
  const topics = freshTopicNames();
  const stop = new AbortController();
  const working: Promise<unknown>[] = [];
  try {
    await broker.ensureTopics(topicSpecs(topics, { partitions: 2 }));
    const loadChampion = () => Promise.resolve(testChampion(1));
    const options = { ...predictorOptions(MODEL, topics), messagesPerTransaction: 10 };
    const predictor = new Predictor({ broker, log: silentLog, loadChampion }, options);
    const predicted = predictor.run(stop.signal);
    const simulated = simulateDevices(
      { broker, source: madeRecordings(made), log: silentLog },
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
      let before = Infinity;
      await untilProgress(broker, { topics, model: MODEL }, (progress) => {
        before = Math.min(before, processed(progress));
        return processed(progress) > before;
      });
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
  } finally {
    stop.abort();
    await Promise.all(working);
    await broker.close();
    await kafka.stop();
    await rm(home, { recursive: true, force: true });
  }
}
