/** `watchlake topics` against a real broker: what is there, and the newest of it. */
import { newestMessages, topicStates } from '../../streaming/topic-view';
import { createTestStreams, type TestStreams } from '../support/streams';

let streams: TestStreams;
let names: string[];
beforeAll(async () => {
  streams = await createTestStreams(2);
  names = [...(Object.values(streams.topics) as string[]), 'not-there-yet'];
  const producer = await streams.broker.openProducer();
  const values = Array.from({ length: 7 }, (_, at) => `{"at":${at}}`);
  await producer.send(
    streams.topics.late,
    values.map((value) => ({ key: 'w-1', value, headers: { reason: 'late' } })),
  );
  await producer.send(streams.topics.deadLetter, [{ key: null, value: Buffer.from([0xff, 0]) }]);
  await producer.close();
  // Its marker lies behind the message.
  const transactional = await streams.broker.openTransactional(`view-${streams.topics.samples}`);
  await transactional.commit(
    [{ topic: streams.topics.predictions, messages: [{ key: 'w-1', value: 'ü' }] }],
    () => [],
  );
  await transactional.close();
});
afterAll(() => streams.broker.close());

const newest = (topic: string, limit: number, withText = true) =>
  newestMessages(streams.broker, names, { topic, limit, withText });

test('lists the topics that there are', async () => {
  const states = await topicStates(streams.broker, names);
  expect(states.map(({ topic }) => topic)).toEqual(names.slice(0, -1));
  const late = states.find(({ topic }) => topic === streams.topics.late);
  expect(late).toEqual({ topic: streams.topics.late, partitions: 2, messages: 7 });
});

test('shows the newest messages, in their order, and no text unless asked', async () => {
  const shown = await newest(streams.topics.late, 2);
  expect(shown.map(({ offset, text }) => [offset, text])).toEqual([
    [5, '{"at":5}'],
    [6, '{"at":6}'],
  ]);
  const [first] = await newest(streams.topics.late, 1, false);
  expect(first).toEqual({
    ...{ partition: expect.any(Number) as number, offset: 6, key: 'w-1', bytes: 8 },
    headers: { reason: 'late' },
  });
});

test('finds a message behind the marker of its transaction, and tells text from bytes', async () => {
  expect(await newest(streams.topics.predictions, 1)).toMatchObject([{ bytes: 2, text: 'ü' }]);
  expect(await newest(streams.topics.deadLetter, 1)).toMatchObject([{ bytes: 2, text: null }]);
  expect(await newest(streams.topics.samples, 1)).toEqual([]);
});

test('a topic that is not there is told with those that are', async () => {
  await expect(newest('not-there-yet', 1)).rejects.toMatchObject({
    code: 'USAGE_INVALID',
    message: expect.stringContaining(streams.topics.samples) as string,
  });
});
