/** A predictor or a simulator in a process of its own, which a test may kill: JSON in, JSON out. */
import { Predictor } from '../../streaming/predictor';
import { simulateDevices } from '../../streaming/simulator';
import type { TopicNames } from '../../streaming/topics';
import { fakeClassifier } from './fake-classifier';
import { madeRecordings, type MadeRecordings } from './made-recordings';
import { predictorOptions } from './stream-runs';
import { connectBroker, silentLog } from './streams';

export interface StreamProcessInput {
  readonly role: 'predictor' | 'simulator';
  readonly model: string;
  readonly topics: TopicNames;
  readonly made: MadeRecordings;
  /** Small transactions are killed in the middle more often. */
  readonly messagesPerTransaction: number;
  readonly speed?: number;
}

const input = JSON.parse(process.argv[2] ?? '') as StreamProcessInput;
const log = process.env['STREAM_DEBUG'] ? { ...silentLog, info: print, warn: print } : silentLog;
const broker = connectBroker(undefined, log);
const { topics, messagesPerTransaction } = input;

function print(message: string, fields?: Record<string, unknown>): void {
  process.stderr.write(`${process.pid} ${message} ${JSON.stringify(fields)}\n`);
}

async function predict(): Promise<void> {
  const loadChampion = () => Promise.resolve({ version: '1', classifier: fakeClassifier(1) });
  const options = { ...predictorOptions(input.model, topics), messagesPerTransaction };
  const predictor = new Predictor({ broker, log, loadChampion }, options);
  const stop = new AbortController();
  process.on('SIGTERM', () => stop.abort());
  await predictor.run(stop.signal);
}

async function simulate(): Promise<void> {
  const { made, speed = 0 } = input;
  const options = { name: 'kill', dataset: 'exercises', subjectKeys: [], speed };
  const source = madeRecordings(made);
  const result = await simulateDevices(
    { broker, source, log },
    { ...options, topics, messagesPerTransaction },
  );
  process.stdout.write(`${JSON.stringify(result)}\n`);
}

void (input.role === 'predictor' ? predict() : simulate()).then(
  () => broker.close(),
  (error: unknown) => {
    process.stderr.write(`${String(error)}\n`);
    process.exitCode = 1;
  },
);
