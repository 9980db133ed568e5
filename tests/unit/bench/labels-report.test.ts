/** The report of what labels are worth pairs choices by their draw, and says what was measured. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LabelsBench, LabelsRun } from '../../../bench/labels-report';
import { benchOf, rowsOf, toMarkdown } from '../../../bench/labels-report';
import { PROJECT_ROOT } from '../../../core/project-root';

const run = (draw: number, choice: LabelsRun['choice'], labels: number, macroF1: number) => ({
  ...{ draw, choice, labels, macroF1 },
});
const runs = [
  run(6, null, 0, 0.5),
  run(6, 'asked', 30, 0.7),
  run(6, 'atRandom', 30, 0.6),
  run(6, 'leastSure', 30, 0.65),
  run(6, null, 600, 0.8),
  run(7, null, 0, 0.6),
  run(7, 'atRandom', 30, 0.5),
  run(7, 'asked', 30, 0.4),
  run(7, 'leastSure', 30, 0.55),
  run(7, null, 600, 0.9),
];

test('a gain is that of one draw, and means are those of all draws', () => {
  const [row] = rowsOf(runs);
  expect(row?.gains.map((gain) => Number(gain.toFixed(3)))).toEqual([0.1, -0.1]);
  expect(row?.means.asked).toBeCloseTo(0.55, 9);
  expect(row?.means.leastSure).toBeCloseTo(0.6, 9);
});

test('what was chosen stands apart from no label and from all', () => {
  const report = toMarkdown(benchOf({ backend: 'wasm', versions: {}, windows: 2201 }, runs));
  expect(report).toContain('| 30 | 0.550 | 0.550 | 0.600 | +0.000 | 1 of 2 |');
  expect(report).toContain('Without a label: 0.550. With all');
  expect(report).toMatch(/windows have: 0\.850\./);
});

test('bench/results/labels.md says what was measured', () => {
  const kept = (ending: string) =>
    readFileSync(join(PROJECT_ROOT, 'bench', 'results', `labels.${ending}`), 'utf8');
  expect(kept('md')).toBe(toMarkdown(JSON.parse(kept('json')) as LabelsBench));
});
