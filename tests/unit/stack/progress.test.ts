/** One line of progress: with sizes and speed only where they are known. */
import { progressLine } from '../../../stack/progress';

test.each([
  [{ component: 'kafka', message: 'ready after 2.1 s' }, 'kafka: ready after 2.1 s'],
  [
    {
      component: 'temporal',
      message: 'downloading',
      bytes: 12_345_678,
      totalBytes: 44_508_240,
      bytesPerSecond: 8_100_000,
    },
    'temporal: downloading (12.3 of 44.5 MB, 8.1 MB/s)',
  ],
  [{ component: 'x', message: 'downloading', bytes: 1_000_000 }, 'x: downloading (1.0 MB)'],
])('%j', (progress, line) => {
  expect(progressLine(progress)).toBe(line);
});
