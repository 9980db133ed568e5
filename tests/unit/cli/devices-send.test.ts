/** `watchlake devices send`: what it says while it sends. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rememberPorts } from '../../../stack/stack';
import type { SendOptions, SendProgress } from '../../../streaming/send/send-events';
import { run } from './fake-surroundings';

const AT_HALF: SendProgress = {
  ...{ step: 'sending', lines: 200, bytesRead: 9000, share: 0.5, resumed: false, waitsFor: null },
  ...{ sent: 100, accepted: 100, duplicate: 0, rejected: {} },
};

async function toldOf(progress: SendProgress): Promise<string> {
  const sendEvents = async ({ onProgress }: SendOptions) => {
    onProgress?.(progress);
    return { ...progress, devices: 1, resumedAt: 0 };
  };
  const words = ['devices', 'send', '--file', __filename, '--fast'];
  return (await run(words, { services: { sendEvents } })).stderr;
}

test('the share is that of the lines that were answered', async () => {
  expect(await toldOf(AT_HALF)).toContain('100 of 200 lines, 50 %');
});

test('what is read to learn what is in the file is told beside its size', async () => {
  const told = await toldOf({ ...AT_HALF, step: 'reading', bytesRead: 500 });
  expect(told).toMatch(/· reading \(500 B of \d\.\d kB\)/);
});

test('a sending that goes on tells how far it is with what an earlier one has sent', async () => {
  const resumed = await toldOf({ ...AT_HALF, share: 0.759, resumed: true });
  expect(resumed).toContain('75 % of 200 lines, 100 since it went on, ');
});

test.each([
  [{}, [], 62_333],
  [{}, ['--server', 'http://127.0.0.1:81'], 81],
  [{ INGEST_PORT: '82' }, [], 82],
  [{ INGEST_PORT: '0' }, [], 62_333],
  [{}, [], 62_340],
  [{ INGEST_PORT: '82' }, [], 62_340],
])('with %j and %j it sends to port %d', async (environment, words, port) => {
  const home = await mkdtemp(join(tmpdir(), 'watchlake-send-'));
  try {
    // As `devices serve --port 62340` wrote it down.
    if (port === 62_340) await rememberPorts(home, { ingest: port });
    const urls: string[] = [];
    const sendEvents = async ({ url }: SendOptions) => {
      urls.push(url);
      return { ...AT_HALF, devices: 1, resumedAt: 0 };
    };
    const all = ['devices', 'send', '--file', __filename, '--home', home, ...words];
    const { stdout } = await run(all, { services: { sendEvents }, environment });
    expect(urls).toEqual([`http://127.0.0.1:${port}`]);
    expect(stdout).toContain(`to http://127.0.0.1:${port}`);
  } finally {
    await rm(home, { recursive: true });
  }
});
