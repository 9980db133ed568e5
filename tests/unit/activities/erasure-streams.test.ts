/** How far an erasure may delete samples: no further than every registered model has read. */
import { samplesRead } from '../../../activities/erasure-streams';
import type { Registry } from '../../../registry/registry';
import type { Broker } from '../../../streaming/ports';
import { predictorGroup, topicNames } from '../../../streaming/topics';

const topics = topicNames();

/** Two partitions of samples, and what the predictor of each model has committed there. */
function read(models: Record<string, Record<number, number>>) {
  const ofGroup = (group: string) =>
    Object.entries(models).find(([model]) => predictorGroup(topics, model) === group)?.[1] ?? {};
  const broker = {
    bounds: async () => new Map([0, 1].map((partition) => [partition, { start: 0, end: 100 }])),
    committed: async (group: string) =>
      new Map(
        Object.entries(ofGroup(group)).map(([partition, offset]) => [
          Number(partition),
          { offset, metadata: null },
        ]),
      ),
  } as unknown as Broker;
  const registry = {
    listModels: async () => Object.keys(models).map((model) => ({ model })),
  } as unknown as Registry;
  return samplesRead(broker, registry, topics);
}

test.each([
  ['nobody will', {}, {}],
  ['a model has not committed yet', { a: {} }, { 0: 0, 1: 0 }],
  ['a model has committed in one partition', { a: { 1: 40 } }, { 0: 0, 1: 40 }],
  ['one model is behind', { a: { 0: 50, 1: 60 }, b: { 0: 70, 1: 20 } }, { 0: 50, 1: 20 }],
  ['one of two models has not begun', { a: { 0: 50, 1: 60 }, b: {} }, { 0: 0, 1: 0 }],
])('samples are read, where %s, as far as these offsets', async (_, models, expected) => {
  expect(await read(models)).toEqual(expected);
});
