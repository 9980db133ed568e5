/** `watchlake devices send`: what it says while it sends. */
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
