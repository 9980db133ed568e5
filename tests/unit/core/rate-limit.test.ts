/** How many requests a minute an address may make. */
import { createRateLimit } from '../../../core/rate-limit';

test('an address that used up its minute waits for the next one, others do not', () => {
  let now = 0;
  const limit = createRateLimit(2, () => now);
  expect([limit.take('a'), limit.take('a'), limit.take('a')]).toEqual([true, true, false]);
  expect(limit.take('b')).toBe(true);
  now = 59_999;
  expect(limit.take('a')).toBe(false);
  now = 60_000;
  expect(limit.take('a')).toBe(true);
});

test('a clock that is set back locks nobody out', () => {
  jest.useFakeTimers();
  try {
    const limit = createRateLimit(1);
    expect([limit.take('a'), limit.take('a')]).toEqual([true, false]);
    jest.setSystemTime(Date.now() - 3_600_000);
    jest.advanceTimersByTime(60_000);
    expect(limit.take('a')).toBe(true);
  } finally {
    jest.useRealTimers();
  }
});
