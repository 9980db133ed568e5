/** The moving line in a process of its own, as its library is no CommonJS; a terminal is what the process takes its stderr for. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { PROJECT_ROOT } from '../../../core/project-root';

const WORK = `
  const readline = require('node:readline');
  const { stderr } = process;
  Object.assign(stderr, {
    isTTY: true,
    columns: 40,
    cursorTo: (x) => readline.cursorTo(stderr, x),
    clearLine: (direction) => readline.clearLine(stderr, direction),
    moveCursor: (x, y) => readline.moveCursor(stderr, x, y),
  });
  const { withProgress } = require('./cli/progress-line.ts');
  const voice = require('./cli/voice.ts').createVoice(stderr);
  void withProgress(voice, async (line) => {
    line.update('landing');
    line.note('noted');
  }).then(() => voice.line('after'));
`;

/** The column in which each text begins, counted from 1: where the cursor was put last. */
function columnOf(text: string, written: string): number {
  const before = written.slice(0, written.indexOf(text));
  return Number([...before.matchAll(/\[(\d+)G/g)].at(-1)?.[1]);
}

function written(environment: NodeJS.ProcessEnv = {}): string {
  const loader = join(PROJECT_ROOT, 'tests', 'support', 'typescript.js');
  const { CI: _, NO_COLOR: _none, ...env } = process.env;
  const { stderr } = spawnSync(process.execPath, ['-r', loader, '-e', WORK], {
    cwd: PROJECT_ROOT,
    encoding: 'utf8',
    env: { ...env, TERM: 'xterm', ...environment },
  });
  return stderr;
}

test('what is written beside or after the moving line begins at the edge', () => {
  const stderr = written();
  expect(stderr).toMatch(/ {2}\S landing/u);
  expect(columnOf('noted', stderr)).toBe(1);
  expect(columnOf('after', stderr)).toBe(1);
});

// What colours begin with; the cursor is moved by others.
const ESCAPE = '\x1b';
const COLOR = new RegExp(`${ESCAPE}\\[\\d+m`);

test('it is coloured, unless nobody wants colours', () => {
  expect(written({ FORCE_COLOR: '1' })).toMatch(COLOR);
  expect(written({ FORCE_COLOR: '', NO_COLOR: '1' })).not.toMatch(COLOR);
});
