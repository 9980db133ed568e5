/** As root: the server runs as whoever owns its data, and data that were closed in are never replaced by empty ones. */
import { spawnSync } from 'node:child_process';
import { chmod, mkdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { postgresFolder } from '../../cli/backup/parts';
import { startPostgres } from '../../stack/postgres';
import { makeTestHome } from '../support/start-stack';

jest.setTimeout(120_000);

const isRoot = process.getuid?.() === 0;
if (!isRoot) process.stderr.write('\nSKIPPED: who owns the data: only root has a choice\n');
const STRANGER = 54_321;

let folder: string;
let home: string;
let data: string;

const start = () => startPostgres({ home, port: 0, durable: false });

async function answerOf(text: string): Promise<unknown> {
  const running = await start();
  try {
    const client = new Client({ connectionString: running.url });
    await client.connect();
    const { rows } = await client.query<{ answer: unknown }>(text);
    await client.end();
    return rows[0]?.answer;
  } finally {
    await running.stop();
  }
}

beforeAll(async () => {
  folder = await makeTestHome();
  home = join(folder, 'home');
  data = join(home, 'postgres', 'data');
  await mkdir(home, { mode: 0o755 });
  if (isRoot) await answerOf('CREATE TABLE kept AS SELECT 42 AS answer');
});
afterAll(() => rm(folder, { recursive: true }));

const KEPT = 'SELECT answer FROM kept';

test.each([
  // A backup of another machine, or an account that was made since.
  ['of somebody who has no account here', STRANGER, STRANGER],
  ['that a copy has given to root', 0, undefined],
])('data %s', async (_whose, uid, ownerAfter) => {
  if (!isRoot) return;
  spawnSync('chown', ['-R', `${uid}:${uid}`, data]);
  expect(await answerOf(KEPT)).toBe(42);
  const owner = (await stat(data)).uid;
  if (ownerAfter === undefined) expect(owner).not.toBe(0);
  else expect(owner).toBe(ownerAfter);
});

test('a home that was closed since is named, still backed up, and starts once it is open again', async () => {
  if (!isRoot) return;
  await chmod(folder, 0o700);
  expect(await postgresFolder(home)).toBe(join(home, 'postgres'));
  await expect(start()).rejects.toMatchObject({
    code: 'STACK_FAILED',
    message: expect.stringMatching(/cannot reach .*chmod o\+x/) as string,
  });
  await chmod(folder, 0o755);
  expect(await answerOf(KEPT)).toBe(42);
});
