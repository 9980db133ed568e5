/** Compares two runs of the demo: the same decisions, whatever was killed in between. */
import type { DemoRun } from './demo-run';

const PROBABILITY_TOLERANCE = 1e-4;

/** What has to be equal whatever was killed: counts, ids, versions, classes, outcomes. */
export function expectSameOutcome(disturbed: DemoRun, reference: DemoRun): void {
  const facts = ({ result, predictions }: DemoRun) => ({
    rows: Object.fromEntries(Object.entries(result.tables).map(([name, { rows }]) => [name, rows])),
    labels: result.labels,
    versions: [result.champion.before.version, result.champion.after.version],
    outcomes: result.retrains.map(({ outcome, reason }) => [outcome, reason]),
    predictions: predictions.map(({ window_id, version, label }) => [window_id, version, label]),
  });
  expect(facts(disturbed)).toEqual(facts(reference));
  for (const [row, { probabilities }] of disturbed.predictions.entries()) {
    const expected = reference.predictions[row]?.probabilities ?? [];
    probabilities.forEach((value, index) =>
      expect(Math.abs(value - (expected[index] ?? NaN))).toBeLessThanOrEqual(PROBABILITY_TOLERANCE),
    );
  }
}
