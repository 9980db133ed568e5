/** Runs schemathesis, which derives requests from an OpenAPI document, against a server. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { pythonEnvironment } from '../../stack/python';
import { testCache } from './start-stack';

/** What it wrote, and whether it found nothing; with the token, if one is given. */
export async function checkDocument(url: string, examples: number, token?: string) {
  const python = await pythonEnvironment({
    ...{ cache: testCache(), name: 'schemathesis' },
    requirements: join(__dirname, 'schemathesis-requirements.txt'),
  });
  const folder = await mkdtemp(join(tmpdir(), 'watchlake-schemathesis-'));
  const args = [
    ...['--config-file', join(__dirname, 'schemathesis.toml'), 'run', `${url}/openapi.json`],
    ...['--max-examples', String(examples), '--seed', '1', '--no-color'],
    ...(token === undefined ? [] : ['--header', `Authorization: Bearer ${token}`]),
  ];
  const child = spawn(join(dirname(python), 'schemathesis'), args, {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, SCHEMATHESIS_HOOKS: 'schemathesis_hooks', PYTHONPATH: __dirname },
  });
  const ended = once(child, 'close') as Promise<[number | null]>;
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const [code] = await ended;
  await rm(folder, { recursive: true, force: true });
  return { clean: code === 0, output: `${output}${errors}` };
}
