/** Runs predictors and simulators in processes that a test may kill, and checks what they left. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { classify, type Champion } from '../../streaming/classify';
import { replay } from '../../streaming/device-replay';
import { readPredictions } from '../../streaming/landing';
import type { Broker, Offsets } from '../../streaming/ports';
import type { Prediction } from '../../streaming/prediction';
import type { PredictorOptions } from '../../streaming/predictor';
import { fetchProgress, hasPassed, type ProgressByPartition } from '../../streaming/progress';
import type { SimulationResult } from '../../streaming/simulator';
import type { TopicNames } from '../../streaming/topics';
import { Windower, type ClosedWindow } from '../../streaming/windower';
import { fakeClassifier, TEST_SIGNAL } from './fake-classifier';
import { madeRecordings, type MadeRecordings } from './made-recordings';
import type { StreamProcessInput } from './stream-process';

export const TEST_DATASET = 'exercises';
/** The shortest that a broker allows. */
const SESSION_TIMEOUT_MS = 6000;

export const predictorOptions = (model: string, topics: TopicNames): PredictorOptions => ({
  model,
  dataset: TEST_DATASET,
  topics,
  sessionTimeoutMs: SESSION_TIMEOUT_MS,
  candidateOf: ({ confidence }) => (confidence < 0.5 ? 'uncertain' : null),
});

export const testChampion = (seed: number): Champion => ({
  version: String(seed),
  classifier: fakeClassifier(seed),
});

export interface StreamProcess {
  readonly child: ChildProcess;
  signal(name: NodeJS.Signals): void;
  kill(): Promise<void>;
  /** What it printed, once it has ended by itself. */
  result<T>(): Promise<T>;
}

export function startStreamProcess(input: StreamProcessInput): StreamProcess {
  const hook = join(__dirname, 'typescript.js');
  const script = join(__dirname, 'stream-process.ts');
  const child = spawn(process.execPath, ['-r', hook, script, JSON.stringify(input)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const ended = once(child, 'close');
  return {
    child,
    signal: (name) => void child.kill(name),
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
    async result<T>() {
      await ended;
      if (child.exitCode !== 0) throw new Error(`the process ended with ${String(child.exitCode)}`);
      return JSON.parse(output) as T;
    },
  };
}

export const offsetsOf = (texts: Readonly<Record<string, string>>): Offsets =>
  Object.fromEntries(Object.entries(texts).map(([partition, text]) => [partition, Number(text)]));

/** Polls how far the model's predictor has come until the condition holds. */
export async function untilProgress(
  broker: Broker,
  { topics, model }: { topics: TopicNames; model: string },
  condition: (progress: ProgressByPartition) => boolean,
  limitMs = 60_000,
): Promise<void> {
  const deadlineMs = Date.now() + limitMs;
  while (!condition(await fetchProgress(broker, topics, model))) {
    if (Date.now() > deadlineMs) throw new Error(`no such progress within ${limitMs} ms`);
    await sleep(20);
  }
}

export const untilPredicted = (
  broker: Broker,
  target: { topics: TopicNames; model: string },
  { lastOffsets }: SimulationResult,
  limitMs?: number,
): Promise<void> =>
  untilProgress(broker, target, (done) => hasPassed(done, offsetsOf(lastOffsets)), limitMs);

export const processed = (progress: ProgressByPartition): number =>
  [...progress.values()].reduce((sum, { next }) => sum + next, 0);

/** The predictions of an undisturbed run, computed without a broker. */
export async function expectedPredictions(
  made: MadeRecordings,
  model: string,
  champion: Champion = testChampion(1),
): Promise<Prediction[]> {
  const windower = new Windower({ dataset: TEST_DATASET, signal: TEST_SIGNAL });
  const windows: ClosedWindow[] = [];
  let offset = 0;
  const options = { dataset: TEST_DATASET, subjectKeys: [], batchMs: 1000 };
  for await (const { batch } of replay(madeRecordings(made), options)) {
    windows.push(...windower.push({ ...batch, offset: offset++ }).windows);
  }
  const topics = {} as TopicNames;
  return byWindow(await classify(windows, champion, predictorOptions(model, topics)));
}

export const byWindow = <T extends Prediction>(predictions: readonly T[]): T[] =>
  predictions.toSorted((a, b) => (a.windowId < b.windowId ? -1 : 1));

/** All that lies on the topic for the model, repeats included, without the place where it lies. */
export async function writtenPredictions(
  broker: Broker,
  topics: TopicNames,
  model: string,
): Promise<Prediction[]> {
  const found: Prediction[] = [];
  const { predictions } = await readPredictions(broker, { topics, model });
  for await (const some of predictions) {
    for (const { partition: _partition, offset: _offset, ...prediction } of some) {
      if (prediction.model === model) found.push(prediction);
    }
  }
  return byWindow(found);
}
