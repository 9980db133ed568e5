/** kafkajs against a real Kafka broker fulfils the contract of the broker port. */
import { createKafkaBroker } from '../../streaming/kafka';
import { connectBroker, createTestStreams, silentLog } from '../support/streams';
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
