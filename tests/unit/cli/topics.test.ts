/** `watchlake topics` from the command line. */
import type { Services } from '../../../cli/services';
import type { CommandTopics } from '../../../workers/topics';
import { onlyObject, run } from './fake-surroundings';

const MESSAGE = {
  ...{ partition: 1, offset: 4, key: 'w-1', bytes: 9 },
  headers: { reason: 'late' },
};

function services(topics: Partial<CommandTopics>): Partial<Services> {
  return { openTopics: async () => ({ topics: topics as CommandTopics, close: async () => {} }) };
}

test('lists topics, and says when there are none', async () => {
  const list = async () => [{ topic: 'events_topic', partitions: 4, messages: 18_274 }];
  const { stdout } = await run(['topics', 'list'], { services: services({ list }) });
  expect(stdout).toMatch(/events_topic +4 +18,274/);
  const none = await run(['topics', 'list'], { services: services({ list: async () => [] }) });
  expect(none.stdout).toContain('There are no topics yet');
});

test('shows messages themselves only where asked, and cuts long ones in a table alone', async () => {
  const asked: unknown[] = [];
  const newest: CommandTopics['newest'] = async (wanted) => {
    asked.push(wanted);
    return [wanted.withText ? { ...MESSAGE, text: 'x'.repeat(400) } : MESSAGE];
  };
  const words = ['topics', 'show', 'watch.late'];
  const plain = await run(words, { services: services({ newest }) });
  expect(plain.stdout).toMatch(/1 +4 +w-1 +9 B +reason=late/);
  expect(plain.stdout).not.toContain('x');
  const raw = await run([...words, '--raw', '--limit', '2'], { services: services({ newest }) });
  expect(raw.stdout).toContain('xxx…');
  const json = await run([...words, '--raw', '--json'], { services: services({ newest }) });
  expect(onlyObject(json.stdout)).toMatchObject({ messages: [{ text: 'x'.repeat(400) }] });
  expect(asked).toEqual([
    { topic: 'watch.late', limit: 5, withText: false },
    { topic: 'watch.late', limit: 2, withText: true },
    { topic: 'watch.late', limit: 5, withText: true },
  ]);
});
