/** Every command of docs/aws.md and docs/emr.md is one that the command line takes. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT_ROOT } from '../../../core/project-root';
import { run } from './fake-surroundings';

const pageOf = (name: string): string => readFileSync(join(PROJECT_ROOT, 'docs', name), 'utf8');
const page = ['aws.md', 'emr.md'].map(pageOf).join('\n');

const commands = [...page.matchAll(/^ *```sh\n([\s\S]*?)^ *```/gm)]
  .flatMap(([, body = '']) => body.split('\n'))
  .map((line) => line.trim())
  .filter((line) => line.startsWith('npx watchlake '));

/** The words of a line, with quoted ones in one piece. */
const wordsOf = (line: string): string[] =>
  [...line.matchAll(/(["'])(.*?)\1|(\S+)/g)].map(([, , quoted, plain]) => quoted ?? plain ?? '');

test('shows commands', () => {
  expect(commands.length).toBeGreaterThan(5);
});

test.each(commands)('%s', async (line) => {
  const [, , ...words] = wordsOf(line);
  const { stdout } = await run([...words, '--json']);
  // It gets as far as the services, which this test does not have.
  expect(stdout).toContain('no fake of');
});
