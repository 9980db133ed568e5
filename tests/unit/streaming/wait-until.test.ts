/** A moment beyond the longest timer is waited for as well. */
import { waitUntil } from '../../../streaming/wait-until';

const DAY_MS = 24 * 60 * 60 * 1000;

test('what lies forty days ahead is not due at once', async () => {
  const waiting = waitUntil(performance.now() + 40 * DAY_MS, AbortSignal.timeout(100));
  await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
});

test('what has passed is', () => waitUntil(performance.now() - 1));

test('what is near is waited for', async () => {
  const dueMs = performance.now() + 30;
  await waitUntil(dueMs);
  expect(performance.now()).toBeGreaterThanOrEqual(dueMs);
});
