/** The Dockerfile: pinned, without root and without secrets, and made of files that are there. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT_ROOT } from '../../../core/project-root';

interface Instruction {
  readonly name: string;
  readonly text: string;
}

const read = (...names: string[]): string => readFileSync(join(PROJECT_ROOT, ...names), 'utf8');

/** Instructions in their order; lines that a backslash continues are one. */
const instructions: readonly Instruction[] = read('Dockerfile')
  .split('\n')
  .filter((line) => !line.startsWith('#'))
  .join('\n')
  .replaceAll(/\\\n\s*/g, '')
  .split('\n')
  .filter((line) => line.trim() !== '')
  .map((line) => {
    const [, name = '', text = ''] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? [];
    return { name, text };
  });

const named = (wanted: string, among = instructions): string[] =>
  among.filter(({ name }) => name === wanted).map(({ text }) => text);
const lastStage = instructions.slice(instructions.findLastIndex(({ name }) => name === 'FROM'));

test('every line is an instruction, and there are stages', () => {
  expect(instructions.filter(({ name }) => name === '')).toEqual([]);
  expect(named('FROM')).toHaveLength(3);
});

test('each stage begins with the same exact version of Node, one that the project supports', () => {
  const images = named('FROM').map((text) => text.split(' ')[0] ?? '');
  const versions = images.map((image) => /^node:(22\.\d+\.\d+)-bookworm(-slim)?$/.exec(image)?.[1]);
  expect(new Set(versions).size).toBe(1);
  expect(versions[0]).toBeDefined();
  expect(lastStage[0]?.text).toMatch(/-slim$/);
});

test('what runs is not root, owns no code, and reports its health', () => {
  expect(named('USER', lastStage)).toEqual(['1000:1000']);
  const after = lastStage.slice(lastStage.findIndex(({ name }) => name === 'USER') + 1);
  expect(after.map(({ name }) => name)).toEqual(['VOLUME', 'HEALTHCHECK', 'CMD']);
  expect(named('COPY', lastStage).join(' ')).not.toContain('--chown');
  expect(named('VOLUME')).toEqual(['/data']);
});

test('installs what the lock file says, runs no install script, and leaves development out', () => {
  const installs = named('RUN').filter((text) => text.includes('npm '));
  expect(installs.filter((text) => /npm (install|i) /.test(text))).toEqual([]);
  for (const text of installs.filter((each) => each.includes('npm ci'))) {
    expect(text).toContain('--ignore-scripts');
  }
  expect(named('RUN')[0]).toContain('--omit=dev');
  const copied = named('COPY', lastStage).filter((text) => text.includes('node_modules'));
  expect(copied).toEqual(['--from=dependencies /app/node_modules node_modules']);
});

test('copies only what is there, and what .dockerignore lets through', () => {
  const ignored = read('.dockerignore')
    .split('\n')
    .filter((line) => /^[^#*]/.test(line));
  const sources = named('COPY')
    .filter((text) => !text.startsWith('--from'))
    .flatMap((text) => text.split(' ').slice(0, -1));
  expect(sources.length).toBeGreaterThan(5);
  for (const source of sources) {
    expect(existsSync(join(PROJECT_ROOT, source))).toBe(true);
    expect(ignored.filter((path) => source === path || source.startsWith(`${path}/`))).toEqual([]);
  }
});

test('neither the repository nor secrets of this machine get into the build', () => {
  const ignored = read('.dockerignore').split('\n');
  expect(ignored).toEqual(expect.arrayContaining(['.git', '.env', '.env.*', '.watchlake']));
  expect(named('ARG')).toEqual([]);
  expect(named('ENV').join(' ')).not.toMatch(/TOKEN|PASSWORD|KEY|SECRET/);
});

test('the houses that are built are not ignored, and what programs look for beside dist/ is copied', () => {
  const ignored = read('.dockerignore').split('\n');
  const houses = Object.keys(JSON.parse(read('houses.json')) as object);
  expect(ignored.filter((path) => houses.includes(path))).toEqual([]);
  const copied = named('COPY', lastStage).map((text) => text.split(' ').at(-1));
  const needed = ['dist', 'node_modules', 'migrations', 'annotation/page', 'bin'];
  expect(copied).toEqual(expect.arrayContaining(needed));
});
