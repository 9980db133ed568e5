/** Lists of schedules that cannot be: each mistake is told by its schedule, before anything is applied. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readDeclarations } from '../../../workers/schedules';
import { temporaryFolder } from '../../support/recordings';

const folder = temporaryFolder();

async function read(...list: unknown[]) {
  const file = join(folder.path(), 'schedules.yaml');
  await writeFile(file, JSON.stringify(list));
  return readDeclarations(file);
}

const days = {
  id: 'days',
  workflow: 'aggregateDevices',
  every: '1 day',
  input: { dataset: 'devices', grain: 'day' },
};

test.each([
  [{ every: '0 minutes' }, 'days.every: expected 1 second or more'],
  [{ every: '0.5 seconds' }, 'days.every: expected 1 second or more'],
  [{ every: '-5 minutes' }, 'days.every: expected 1 second or more'],
  [{ jitter: '-1 minutes' }, 'days.jitter: expected 0 seconds or more'],
  [{ every: '5 minuts' }, "days.every: expected a number and a unit, such as '5 minutes'"],
  [{ catchUp: 5 }, "days.catchUp: expected a number and a unit, such as '5 minutes'"],
])('a duration that is none is told with its schedule: %j', async (wrong, message) => {
  await expect(read({ ...days, id: 'other' }, { ...days, ...wrong })).rejects.toThrow(message);
});

test('a schedule without a usable id is told by its place', async () => {
  await expect(read(days, { ...days, id: 7 })).rejects.toThrow('schedule 2.id:');
});

test('an id that stands twice is refused: the second would take the place of the first', async () => {
  const weeks = { ...days, input: { ...days.input, grain: 'week' } };
  await expect(read(days, weeks)).rejects.toThrow('days: id: an earlier schedule of the list');
  await expect(read(days, { ...weeks, id: 'weeks', every: '0.5 days' })).resolves.toHaveLength(2);
});
