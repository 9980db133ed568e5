/** Python environments: made once by whoever comes first, and again when one was left half-made. */
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pythonEnvironment, type PythonOptions } from '../../../stack/python';
import { fakeTools, type FakeTools } from './fake-tools';

let tools: FakeTools;
let cache: string;
let requirements: string;

// A Python that makes environments of itself, and whose pip notes what it was asked for.
const PYTHON = `
case "$1 $2" in
  "-c import"*) echo "\${FAKE_VERSION:-3.12.1}" ;;
  "-m venv") /bin/mkdir -p "$3/bin"; cp "$0" "$3/bin/python" ;;
  "-m pip")
    folder="$(/usr/bin/dirname "$(/usr/bin/dirname "$0")")"
    [ -e "$FAKE_PIP_FAILS" ] && { echo "no such version" >&2; exit 1; }
    echo "$4" >> "$folder/pip.log" ;;
esac`;

beforeEach(async () => {
  tools = await fakeTools();
  cache = await mkdtemp(join(tmpdir(), 'watchlake-cache-'));
  requirements = join(cache, 'requirements.txt');
  await writeFile(requirements, 'numpy==2.2.6\n');
  await tools.put('python3', PYTHON);
});
afterEach(async () => {
  await tools.remove();
  await rm(cache, { recursive: true });
});

const make = (changes: Partial<PythonOptions> = {}): Promise<string> =>
  pythonEnvironment({
    cache,
    name: 'tests',
    requirements,
    pauseMs: 0,
    environment: { ...tools.environment, FAKE_PIP_FAILS: join(cache, 'fails') },
    ...changes,
  });

const folderOf = (python: string): string => dirname(dirname(python));
const asked = async (python: string): Promise<string[]> =>
  (await readFile(join(folderOf(python), 'pip.log'), 'utf8')).trim().split('\n');

test('is made once, of exactly what is pinned, and found again', async () => {
  const python = await make();
  expect(await asked(python)).toEqual(['install', 'check']);
  expect(await make()).toBe(python);
  expect(await asked(python)).toHaveLength(2);
});

test('is made once when several ask at the same time', async () => {
  const made = await Promise.all(Array.from({ length: 4 }, () => make()));
  expect(new Set(made).size).toBe(1);
  expect(await asked(made[0] as string)).toHaveLength(2);
});

test('other pins, or another Python, are another environment', async () => {
  const first = await make();
  await writeFile(requirements, 'numpy==2.2.7\n');
  const second = await make();
  const environment = { ...tools.environment, FAKE_VERSION: '3.13.0' };
  const third = await make({ environment });
  expect(new Set([first, second, third]).size).toBe(3);
});

test('one that was left half-made is made again', async () => {
  const python = await make();
  await rm(join(folderOf(python), 'complete'));
  await writeFile(join(folderOf(python), 'left'), '');
  expect(await make()).toBe(python);
  expect(await asked(python)).toHaveLength(2);
  expect(await readdir(folderOf(python))).not.toContain('left');
});

test('a failed installation says why, and the next one starts anew', async () => {
  await writeFile(join(cache, 'fails'), '');
  await expect(make()).rejects.toMatchObject({
    code: 'DOWNLOAD_FAILED',
    message: expect.stringContaining('no such version') as string,
  });
  await rm(join(cache, 'fails'));
  expect(await asked(await make())).toHaveLength(2);
});

test('without Python the error says what is missing', async () => {
  await rm(join(tools.folder, 'python3'));
  await expect(make()).rejects.toMatchObject({ code: 'TOOL_MISSING' });
});
