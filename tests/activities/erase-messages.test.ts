/** Messages of others that an erasure moves are there once, also when an attempt that was given up goes on. */
import { eraseFromTopics } from '../../streaming/erase';
import type { Broker } from '../../streaming/ports';
import { createTestStreams } from '../support/streams';

/** Something that happens once, and is waited for. */
function moment() {
  let happen!: () => void;
  const happened = new Promise<void>((resolve) => (happen = resolve));
  return { happen, happened };
}

const over = (broker: Broker, methods: Partial<Broker>): Broker =>
  Object.assign(Object.create(broker) as Broker, methods);

test('an attempt that was given up doubles nothing', async () => {
  const { broker, topics } = await createTestStreams(1);
  const producer = await broker.openProducer();
  const values = ['of-bob-1', 'of-ada-example', 'of-bob-2'];
  await producer.send(
    topics.late,
    values.map((value) => ({ key: 'watch', value })),
  );
  await producer.close();
  const person = { texts: ['ada-example'], values: [], devices: [] };
  const request = { topics, person, name: 'ada', samplesRead: {}, isLanded: () => true };

  const [holds, goesOn] = [moment(), moment()];
  // Held before it commits its copies, and ended before it deletes what it has copied.
  const openHeld: Broker['openTransactional'] = async (id) => {
    const own = await broker.openTransactional(id);
    const commit: typeof own.commit = async (...call) => {
      holds.happen();
      await goesOn.happened;
      await own.commit(...call);
      throw new Error('given up');
    };
    return { ...own, commit };
  };
  const former = eraseFromTopics(over(broker, { openTransactional: openHeld }), request);
  const ended = former.catch((error: Error) => error.message);
  await holds.happened;
  const readLate: Broker['committed'] = async (group, topic) => {
    const committed = await broker.committed(group, topic);
    if (topic !== topics.late) return committed;
    goesOn.happen();
    await ended;
    return committed;
  };
  await eraseFromTopics(over(broker, { committed: readLate }), request);

  const left: string[] = [];
  for await (const batch of broker.read({ topic: topics.late })) {
    left.push(...batch.map(({ value }) => String(value)));
  }
  expect(left.toSorted()).toEqual(['of-bob-1', 'of-bob-2']);
  await broker.close();
});
