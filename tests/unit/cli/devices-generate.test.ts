/** `watchlake devices generate`: what it makes, and what it refuses. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generateDeviceEvents, type Generated } from '../../../telemetry/generator/generate';
import { temporaryFolder } from '../../support/recordings';
import { onlyObject, run } from './fake-surroundings';

const services = { generateDeviceEvents };
const temporary = temporaryFolder();

test('--json answers with the counts of what lies in the folder', async () => {
  const folder = join(temporary.path(), 'made');
  const amounts = ['--users', '2', '--devices', '3', '--days', '2', '--every', '900'];
  const words = [
    'devices',
    'generate',
    '--out',
    folder,
    ...amounts,
    '--duplicates',
    '0.1',
    '--json',
  ];
  const { exitCode, stdout, stderr } = await run(words, { services });
  expect(exitCode).toBe(0);
  const made = onlyObject(stdout) as unknown as Generated & { ok: boolean; folder: string };
  expect(made).toMatchObject({ ok: true, folder, options: { devices: 3, duplicateShare: 0.1 } });
  const lines = (await readFile(join(folder, 'events.jsonl'), 'utf8')).trimEnd().split('\n');
  expect(lines).toHaveLength(made.counts.lines);
  expect(stderr).toContain('making events (day 1 of 2)');
  const again = await run(words, { services });
  expect(onlyObject(again.stdout)).toMatchObject({ ok: false, error: { code: 'TARGET_EXISTS' } });
});

test('says in words what was late in the making', async () => {
  const folder = join(temporary.path(), 'said');
  const amounts = ['--users', '2', '--devices', '3', '--days', '2', '--every', '900'];
  const { stdout } = await run(['devices', 'generate', '--out', folder, ...amounts], { services });
  expect(stdout).toMatch(/late +\d+, sent one to three days after their moment\n/);
});

test.each([
  ['--users', '0'],
  ['--every', '4000'],
  ['--late', '2'],
  ['--devices', '41'],
  ['--from', '2024-13-01'],
])('%s %s is refused', async (option, value) => {
  const folder = join(temporary.path(), option);
  const { exitCode, stderr } = await run(['devices', 'generate', '--out', folder, option, value], {
    services,
  });
  expect(exitCode).toBe(1);
  expect(stderr).toContain(option.slice(2));
});
