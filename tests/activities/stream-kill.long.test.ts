/** The long variants of the kill tests: more kills, at random moments, of everything at once. */
import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SimulationResult } from '../../streaming/simulator';
import type { MadeRecordings } from '../support/made-recordings';
import { predictThroughOutages } from '../support/stream-outage';
import {
  expectedPredictions,
  startStreamProcess,
  untilPredicted,
  writtenPredictions,
  type StreamProcess,
} from '../support/stream-runs';
import { createTestStreams, type TestStreams } from '../support/streams';

jest.setTimeout(600_000);

const MODEL = 'long';
/** 9,600 batches; at this speed they are sent within two minutes. */
const made: MadeRecordings = { devices: 20, recordings: 8, secondsEach: 60 };
const SPEED = 5;

let streams: TestStreams;
beforeAll(async () => {
  streams = await createTestStreams();
});
afterAll(() => streams.broker.close());

const start = (role: 'predictor' | 'simulator'): StreamProcess =>
  startStreamProcess({
    ...{ role, model: MODEL, topics: streams.topics, made },
    ...{ messagesPerTransaction: 20, speed: SPEED },
  });

test('ten random kills of predictors and simulators, and a pause, lose and repeat nothing', async () => {
  const waitsMs = Array.from({ length: 10 }, () => randomInt(500, 9000));
  const predictors = [start('predictor'), start('predictor')];
  let simulator = start('simulator');
  for (const [round, waitMs] of waitsMs.entries()) {
    await sleep(waitMs);
    const index = round % predictors.length;
    if (round === 4) {
      predictors[index]?.signal('SIGSTOP');
      await sleep(9000);
      predictors[index]?.signal('SIGCONT');
      continue;
    }
    await predictors[index]?.kill();
    predictors[index] = start('predictor');
    if (round % 3 !== 0) continue;
    await simulator.kill();
    simulator = start('simulator');
  }
  const simulation = await simulator.result<SimulationResult>();
  expect(simulation.batches).toBe(made.devices * made.recordings * made.secondsEach);
  const { broker, topics } = streams;
  await untilPredicted(broker, { topics, model: MODEL }, simulation, 120_000);
  await Promise.all(predictors.map((predictor) => predictor.kill()));
  const expected = await expectedPredictions(made, MODEL);
  const written = await writtenPredictions(broker, topics, MODEL);
  expect({ waitsMs, written }).toEqual({ waitsMs, written: expected });
});

test('a broker that is gone for 30 s, twice, loses and repeats nothing', async () => {
  const { written, expected } = await predictThroughOutages({
    made: { devices: 10, recordings: 10, secondsEach: 40 },
    outagesMs: [30_000, 30_000],
  });
  expect(expected).toHaveLength(10 * 10 * 19);
  expect(written).toEqual(expected);
});
