/** The reports of the benches of smartwatch archives claim no more runs than there were. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CasasBench, LegOfSize } from '../../../bench/casas-report';
import { benchOf, toMarkdown } from '../../../bench/casas-report';
import { CLEAN, INGEST } from '../../../bench/casas-wordings';
import { PROJECT_ROOT } from '../../../core/project-root';

const leg = (name: string, seconds: readonly number[]): LegOfSize => ({
  ...{ leg: name, gigabytes: 1, bytes: 1e9, lines: 1e6 },
  runs: seconds.map((each) => ({ seconds: each, cpuSeconds: each, peakBytes: 1e8, steps: {} })),
});
const reportOf = (legs: readonly LegOfSize[]): string =>
  toMarkdown(benchOf({ node: '20' }, legs, []), INGEST);

test('legs that were run once have no median, and the report says what is not known', () => {
  const report = reportOf([leg('unzip', [12.5]), leg('ingest', [17.6])]);
  expect(report).toContain('| unzip -p into a file | 1.0 | 1 | 12.5 | 12.5 |');
  expect(report).toContain('Each leg was run once: how far its runs would lie apart');
  expect(report).not.toContain('median');
});

test('legs that were run several times have one, beside each run', () => {
  const report = reportOf([leg('unzip', [12, 14, 13])]);
  expect(report).toContain('| unzip -p into a file | 1.0 | 3 | 13.0 | 12.0, 14.0, 13.0 |');
  expect(report).toContain('Seconds are medians of the runs.');
  expect(report).not.toContain('once');
});

test('where some legs were run once, the report says of which kind a figure is', () => {
  const report = reportOf([leg('unzip', [12, 14, 13]), leg('ingest', [17])]);
  expect(report).toContain('Seconds are medians of the runs. Of a leg that was run once, how far');
});

test.each([
  ['clean', CLEAN],
  ['ingest', INGEST],
] as const)('bench/results/%s.md says what was measured', (name, wording) => {
  const kept = (ending: string): string =>
    readFileSync(join(PROJECT_ROOT, 'bench', 'results', `${name}.${ending}`), 'utf8');
  expect(kept('md')).toBe(toMarkdown(JSON.parse(kept('json')) as CasasBench, wording));
});
