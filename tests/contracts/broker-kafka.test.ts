/** kafkajs against a real Kafka broker fulfils the contract of the broker port. */
import { createKafkaBroker } from '../../streaming/kafka';
import { connectBroker, createTestStreams, makeAnew, silentLog } from '../support/streams';
import { describeBroker } from './broker-contract';

describeBroker('Kafka', () => connectBroker());

test('says that nothing answers, and where', async () => {
  const broker = createKafkaBroker({ brokers: ['127.0.0.1:1'], log: silentLog, retries: 1 });
  await expect(broker.bounds('watch.samples')).rejects.toMatchObject({
    code: 'BROKER_UNAVAILABLE',
    retryable: true,
    context: { brokers: '127.0.0.1:1' },
  });
  await broker.close();
});

test('tells what topics hold, however much else it is asked at the same moment', async () => {
  const { broker, topics } = await createTestStreams(2);
  const names = Object.values(topics) as string[];
  for (let round = 0; round < 40; round += 1) {
    const fresh = connectBroker();
    const asked = names.flatMap((topic) => [
      fresh.bounds(topic),
      fresh.ensureTopics([{ topic: topics.samples, partitions: 2 }]),
    ]);
    await Promise.all(asked);
    await fresh.close();
  }
  await broker.close();
});

test('a reading ends where its topic is made anew meanwhile, and may be begun again', async () => {
  const { broker, topics } = await createTestStreams(1);
  const producer = await broker.openProducer();
  const value = Buffer.alloc(150_000, 1);
  const messages = Array.from({ length: 40 }, () => ({ key: 'a', value }));
  await producer.send(topics.late, messages);
  await producer.close();
  const readAll = async (onFirst: () => Promise<void> = async () => undefined) => {
    let read = 0;
    for await (const some of broker.read({ topic: topics.late })) {
      if (read === 0) await onFirst();
      read += some.length;
    }
    return read;
  };
  const reading = readAll(() => makeAnew(topics.late, 1));
  await expect(reading).rejects.toMatchObject({ code: 'TOPIC_MADE_ANEW', retryable: true });
  expect(await readAll()).toBe(0);
  await broker.close();
});

test('nothing that is told as sent is lost where its topic is made anew with fewer partitions', async () => {
  const { broker, topics } = await createTestStreams(4);
  const producer = await broker.openProducer();
  const messages = Array.from({ length: 40 }, (_, at) => ({ key: `watch-${at}`, value: 'x' }));
  await producer.send(topics.late, messages);
  await makeAnew(topics.late, 1);
  const stored = async () => (await broker.bounds(topics.late)).get(0)?.end ?? 0;
  const isSent = await producer.send(topics.late, messages).then(
    () => true,
    () => false,
  );
  if (isSent) expect(await stored()).toBe(40);
  const before = await stored();
  // By then it knows how many partitions there are.
  await producer.send(topics.late, messages);
  expect(await stored()).toBe(before + 40);
  await producer.close();
  await broker.close();
});
