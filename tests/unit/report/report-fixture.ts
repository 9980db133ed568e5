/** A report as a real run gives it: six unseen people, seven exercises, two retrains. */
import { decisionFrom } from '../../../report/decision';
import type { PredictionCount, ScoredReport, VersionEvaluation } from '../../../report/report-data';
import { CLASSES, evaluationOf, verdictOf } from './fake-run';

const FIRST = evaluationOf({ seed: 1, skill: 2.4, boldness: 1.35 });
const SECOND = evaluationOf({ seed: 2, skill: 3.3, boldness: 1.02 });
const SHUFFLED = evaluationOf({ seed: 3, skill: 0.05, boldness: 1 });

/** Ten-second intervals of device time; the second version takes over half-way. */
function predictions(): PredictionCount[] {
  return Array.from({ length: 36 }, (_, i) => i).flatMap((i) =>
    CLASSES.map((label, k) => ({
      bucketStartMs: 10_000 * i,
      version: i < 16 ? '1' : '2',
      label,
      windows: Math.max(0, Math.round(9 + 8 * Math.sin(i / 3 + k * 1.9) + (k % 3))),
      meanConfidence: i < 16 ? 0.68 : 0.83,
    })).filter(({ windows }) => windows > 0),
  );
}

const pointOf = ({ version, evaluation }: VersionEvaluation, trainingWindows: number) => ({
  version,
  trainingWindows,
  labels: trainingWindows - 212,
  accuracy: evaluation.accuracy,
  macroF1: evaluation.macroF1,
});

const workflow = (id: string): string =>
  `http://127.0.0.1:8233/namespaces/watchlake/workflows/${encodeURIComponent(id)}`;

export function sampleReport(): ScoredReport {
  const before = { version: '1', evaluation: FIRST };
  const after = { version: '2', evaluation: SECOND };
  const control = { version: '3', evaluation: SHUFFLED };
  return {
    title: 'Watch exercises: what the loop learned',
    generatedAt: '2026-03-14T09:26:53.000Z',
    dataset: 'watch-exercises',
    model: 'exercises',
    codeVersion: '0.1.0',
    seconds: 143.2,
    stages: {
      ingest: 6.4,
      refresh: 11.8,
      train: 9.3,
      stream: 31.6,
      label: 8.2,
      retrain: 22.1,
      'stream again': 38.9,
      'negative control': 12.4,
      report: 1.1,
    },
    tables: {
      recordings_landing: { rows: 244_102, quarantined: {}, dropped: {} },
      recordings_trusted: {
        rows: 244_069,
        quarantined: { 'value-out-of-range': 21, 'time-goes-back': 12 },
        dropped: {},
      },
      windows: { rows: 2_283, read: 244_069, quarantined: {}, dropped: { 'beside-a-gap': 1_204 } },
      window_features: { rows: 2_283, quarantined: {}, dropped: {} },
    },
    learningCurve: [pointOf(before, 212), pointOf(after, 412), pointOf(control, 412)],
    before,
    after,
    predictions: predictions(),
    predictionBucketMs: 10_000,
    retrains: [
      decisionFrom({ version: '2', verdict: verdictOf(FIRST, SECOND) }),
      decisionFrom({ version: '3', verdict: verdictOf(SECOND, SHUFFLED), negativeControl: true }),
    ],
    labels: { uncertain: 160, audit: 40, skipped: 3 },
    links: [
      { label: 'The loop', url: workflow('loop/demo') },
      { label: 'Ingest', url: workflow('ingest/watch-exercises/5d1c') },
      { label: 'First champion', url: workflow('train/exercises/first-demo') },
      { label: 'Predictor', url: workflow('predict/exercises') },
      { label: 'Labels', url: workflow('annotate/demo') },
      { label: 'Retrain', url: workflow('retrain/exercises/demo-retrain') },
      { label: 'Negative control', url: workflow('retrain/exercises/demo-control') },
    ],
  };
}

/** Before anything was retrained, quarantined, labelled or predicted. */
export function emptyReport(): ScoredReport {
  const report = sampleReport();
  return {
    ...report,
    after: report.before,
    stages: {},
    tables: { windows: { rows: 2_283, quarantined: {}, dropped: {} } },
    learningCurve: [],
    predictions: [],
    retrains: [],
    labels: { uncertain: 0, audit: 0, skipped: 0 },
    links: [],
  };
}
