/** Whatever is pushed is answered, also what comes in the moment in which a lane runs dry. */
import { Lanes } from '../../../../streaming/send/lanes';
import type { IngestClient } from '../../../../streaming/send/ingest-client';

// Answers at once: what counts is the order of the callbacks around it.
const client: IngestClient = {
  check: () => Promise.resolve(),
  send: (lines) => Promise.resolve({ accepted: lines.length, duplicate: 0, rejected: {} }),
};

test.each([1, 2, 3])('with a window of %d', async (window) => {
  let sent = 0;
  const onSent = (lines: number) => (sent += lines);
  const lanes = new Lanes({ client, lanes: 1, batchLines: 10, window, onSent });
  for (const text of ['a', '', 'b', 'c', 'd']) {
    await lanes.push('watch-1', { bytes: Buffer.from(text), end: 0 }, () => undefined);
  }
  await lanes.settled();
  expect(sent).toBe(5);
});

test('long lines wait for room as many short ones do', async () => {
  let answer: () => void = () => undefined;
  const answered = new Promise<void>((resolve) => (answer = resolve));
  const slow: IngestClient = {
    ...client,
    send: async (lines) => {
      await answered;
      return client.send(lines);
    },
  };
  let sent = 0;
  const lanes = new Lanes({
    ...{ client: slow, lanes: 2, batchLines: 10, window: 20_000, windowBytes: 4 * 2 ** 20 },
    onSent: (lines) => (sent += lines),
  });
  let pushed = 0;
  const pushAll = async () => {
    for (let line = 0; line < 20; line += 1) {
      const bytes = Buffer.alloc(2 ** 20, 'x');
      await lanes.push(`watch-${line}`, { bytes, end: 0 }, () => undefined);
      pushed += 1;
    }
  };
  const pushing = pushAll();
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(pushed).toBe(4);
  answer();
  await pushing;
  await lanes.settled();
  expect(sent).toBe(20);
});
