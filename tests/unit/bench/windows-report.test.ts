/** The report of what follows cleaning computes with what was measured, and says nothing of what was not. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { WindowsBench, WindowsRun } from '../../../bench/windows-report';
import { benchOf, bytesPerWindow, timesBare, toMarkdown } from '../../../bench/windows-report';
import { PROJECT_ROOT } from '../../../core/project-root';

const run = (leg: WindowsRun['leg'], windows: number, seconds: number, peakBytes: number) => ({
  ...{ leg, windows, seconds, peakBytes },
  cpuSeconds: seconds,
});
const runs = [
  run('features', 1000, 2, 5e6),
  run('bare', 1000, 1, 10e6),
  run('features', 3000, 6, 9e6),
];

test('memory of a window is the slope between the two numbers', () => {
  expect(bytesPerWindow(runs, 'features')).toBe(2000);
  expect(bytesPerWindow(runs, 'bare')).toBeNull();
});

test('our writing is compared with DuckDB bare at the same number alone', () => {
  expect(timesBare(runs, 1000, 'seconds')).toBe(2);
  expect(timesBare(runs, 1000, 'peakBytes')).toBe(0.5);
  expect(timesBare(runs, 3000, 'seconds')).toBeNull();
  const report = toMarkdown(benchOf({ node: '20' }, runs));
  expect(report).toContain('| 1,000 | 2.00 | 0.50 |');
  expect(report).toContain('| 3,000 | – | – |');
});

test('bench/results/windows.md says what was measured', () => {
  const kept = (ending: string) =>
    readFileSync(join(PROJECT_ROOT, 'bench', 'results', `windows.${ending}`), 'utf8');
  expect(kept('md')).toBe(toMarkdown(JSON.parse(kept('json')) as WindowsBench));
});
