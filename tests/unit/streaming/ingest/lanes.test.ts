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
