/** `watchlake generate`: what it asks the lake for, and what it answers. */
import { join } from 'node:path';
import type { CommandLake } from '../../../workers/connect';
import { onlyObject, run } from './fake-surroundings';

type Generate = CommandLake['generate'];

const ACTIVITY = { activity: 'walk', seconds: 300, madeSeconds: 90, people: 9, segments: 40 };
const GENERATED: Awaited<ReturnType<Generate>> = {
  ...{ formatVersion: 1, dataset: 'mine', snapshotId: 's1', rateHz: 50, leftOut: ['rare'] },
  options: { people: 2, minutes: 1, seed: 0, leastPeople: 3 },
  activities: [ACTIVITY, { ...ACTIVITY, activity: '', seconds: 100, madeSeconds: 30 }],
  ...{ bytes: 20_000, archiveBytes: 9_000 },
};

test('a share that is not all is not told as all, and none that is there as nothing', async () => {
  const most = { ...ACTIVITY, seconds: 99_990, madeSeconds: 99_950 };
  const few = { ...ACTIVITY, activity: 'sit', seconds: 10, madeSeconds: 50 };
  const lake = { generate: async () => ({ ...GENERATED, activities: [most, few] }) };
  const services = { openLake: async () => lake as unknown as CommandLake };
  const { stdout } = await run(['generate', 'mine', '--out', 'made.zip'], { services });
  expect(stdout).toMatch(/walk +99\.9 % +99\.9 %/);
  expect(stdout).toMatch(/sit +0\.1 % +0\.1 %/);
});

async function generateTo(out: string, ...words: string[]) {
  const asked: unknown[] = [];
  const make: Generate = async (target, options) => {
    asked.push(target, options);
    return GENERATED;
  };
  const lake = { generate: make } as CommandLake;
  const services = { openLake: async () => lake };
  const done = await run(['generate', 'mine', '--out', out, ...words], { services });
  return { ...done, asked };
}

const generate = (...words: string[]) => generateTo('made.zip', ...words);

const archive = join(process.cwd(), 'made.zip');

test('it asks for what the options say, in a place that does not depend on the folder', async () => {
  const { stdout, asked } = await generate('--people', '2', '--minutes', '1', '--json');
  expect(asked).toEqual([
    { dataset: 'mine', archive },
    { people: 2, minutes: 1, seed: 0, leastPeople: 3 },
  ]);
  expect(onlyObject(stdout)).toEqual({ ok: true, archive, ...GENERATED });
});

test('for people there are the activities, what was left out, and what comes next', async () => {
  const { stdout } = await generate();
  expect(stdout).toMatch(/walk +75\.0 % +75\.0 % .+ 9 people/);
  expect(stdout).toMatch(/\(no label\) +25\.0 %/);
  expect(stdout).toContain('rare: fewer than 3 people for long enough');
  expect(stdout).toContain(`next: npx watchlake ingest ${archive} --dataset mine-made`);
});

test('what comes next can be copied, whatever the archive is named', async () => {
  const { stdout } = await generateTo("/tmp/ada's data/made.zip");
  const word = `'/tmp/ada'\\''s data/made.zip'`;
  expect(stdout).toContain(`next: npx watchlake ingest ${word} --dataset mine-made`);
});

test('options out of their bounds are refused by name', async () => {
  const { exitCode, stderr, asked } = await generate('--people', '0');
  expect([exitCode, asked]).toEqual([1, []]);
  expect(stderr).toContain('--people');
});
