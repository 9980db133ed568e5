import { Client } from 'pg';
import { Kafka } from 'kafkajs';
test('postgres answers', async () => {
  const client = new Client({ connectionString: process.env['DATABASE_URL'] });
  await client.connect();
  expect((await client.query('select 1 as x')).rows).toEqual([{ x: 1 }]);
  await client.end();
  const admin = new Kafka({ brokers: [process.env['KAFKA_BROKERS'] ?? ''] }).admin();
  await admin.connect();
  expect(await admin.listTopics()).toEqual([]);
  await admin.disconnect();
});
