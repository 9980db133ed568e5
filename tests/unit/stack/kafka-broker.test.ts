/** The broker's settings: nobody but this machine, and no topic by accident. */
import { brokerProperties } from '../../../stack/kafka-broker';

const settings = Object.fromEntries(
  brokerProperties({ port: 1, controllerPort: 2 }, '/data')
    .trim()
    .split('\n')
    .map((line) => line.split(/=(.*)/s).slice(0, 2)),
) as Record<string, string>;

test('listens on the loopback address alone', () => {
  expect(settings['listeners']).toBe('PLAINTEXT://127.0.0.1:1,CONTROLLER://127.0.0.1:2');
  expect(settings['advertised.listeners']).toBe('PLAINTEXT://127.0.0.1:1');
});

test('makes no topic that nobody asked for', () => {
  expect(settings['auto.create.topics.enable']).toBe('false');
});

test('keeps every internal topic on its one node', () => {
  const replication = Object.keys(settings).filter((key) => key.endsWith('replication.factor'));
  expect(replication).toHaveLength(3);
  for (const key of replication) expect(settings[key]).toBe('1');
});
