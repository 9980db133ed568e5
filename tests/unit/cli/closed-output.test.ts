/** Whoever reads the output may close it when they have seen enough, as `| head` does, or read slowly. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';
import { join } from 'node:path';
import { PROJECT_ROOT } from '../../../core/project-root';

const TYPESCRIPT = join(PROJECT_ROOT, 'tests', 'support', 'typescript.js');
const MAIN = join(PROJECT_ROOT, 'cli', 'main.ts');

/** The output is closed before anything was written to it. */
async function withClosedOutput(...words: readonly string[]) {
  const child = spawn(process.execPath, ['-r', TYPESCRIPT, MAIN, ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout.destroy();
  const [stderr, [code]] = await Promise.all([
    text(child.stderr),
    once(child, 'exit') as Promise<[number | null]>,
  ]);
  return { stderr, code };
}

test.each([[['--help']], [['help', 'query']], [['--version']]])(
  'a reader who has gone is no error of ours: %j',
  async (words) => {
    expect(await withClosedOutput(...words)).toEqual({ stderr: '', code: 0 });
  },
  60_000,
);

// Linux gives it as a file; nothing can be written at its beginning, as on a disk that fails.
const MEMORY = '/proc/self/mem';

test('a file that could not be written is told', async () => {
  if (!existsSync(MEMORY)) {
    process.stderr.write('\nSKIPPED: a file that cannot be written: only Linux has one\n');
    return;
  }
  const file = openSync(MEMORY, 'r+');
  const child = spawn(process.execPath, ['-r', TYPESCRIPT, MAIN, '--version'], {
    stdio: ['ignore', file, 'pipe'],
  });
  closeSync(file);
  const [stderr, [code]] = await Promise.all([
    text(child.stderr as Readable),
    once(child, 'exit') as Promise<[number | null]>,
  ]);
  expect(stderr).toContain('EIO');
  expect(code).not.toBe(0);
}, 60_000);

// More than a pipe holds.
const BEFORE = 1_000_000;
// Tells when everything has been handed to the full pipe.
const SCRIPT = `
  const write = process.stdout.write.bind(process.stdout);
  process.stdout.write = (said, ...more) => {
    process.stderr.write('said');
    return write(said, ...more);
  };
  write('x'.repeat(${BEFORE}) + '\\n');
  process.argv.push('watchlake', '--version');
  void require(${JSON.stringify(MAIN)}).main();
`;

test('a reader who is slow gets everything', async () => {
  const child = spawn(process.execPath, ['-r', TYPESCRIPT, '-e', SCRIPT], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const closed = once(child, 'exit') as Promise<[number | null]>;
  await once(child.stderr, 'data');
  // Time enough for a program to end that does not wait for its reader.
  await Promise.race([closed, setTimeout(1_000)]);
  const said = await text(child.stdout);
  expect((await closed)[0]).toBe(0);
  expect(said).toMatch(/^x+\n\d+\.\d+\.\d+/);
}, 60_000);
