/** kafkajs against a real Kafka broker fulfils the contract of the broker port. */
import { createKafkaBroker } from '../../streaming/kafka';
import { connectBroker, silentLog } from '../support/streams';
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
