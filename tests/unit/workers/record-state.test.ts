/** The record of what runs in a home, where it cannot be written or was cut off. */
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { recordState } from '../../../workers/record-state';
import { readState } from '../../../workers/state';
import { UP } from '../cli/fake-surroundings';

let home: string;
const log = pino({ enabled: false });
const state = { ...UP, pid: process.pid };

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'watchlake-record-'));
});
afterEach(() => rm(home, { recursive: true }));

test('a record that a power cut left empty or half counts as none', async () => {
  for (const left of ['', '{"pid": 1, "ident']) {
    await writeFile(join(home, 'up.json'), left);
    expect(await readState(home)).toBeNull();
  }
});

test('what cannot be written is written once it can, and nothing is left of the attempts', async () => {
  const { signal } = new AbortController();
  const blocked = join(home, 'up.json');
  await mkdir(blocked);
  const recorded = recordState({ home, log, signal, pauseMs: 10 }, state);
  await sleep(100);
  await rm(blocked, { recursive: true });
  expect(await recorded).toBe(true);
  expect(await readState(home)).toMatchObject({ pid: process.pid });
  expect(await readdir(home)).toEqual(['up.json']);
});

test('it gives up when its supervisor ends', async () => {
  await mkdir(join(home, 'up.json'));
  const ending = new AbortController();
  const recorded = recordState({ home, log, signal: ending.signal, pauseMs: 60_000 }, state);
  await sleep(50);
  ending.abort();
  expect(await recorded).toBe(false);
});
