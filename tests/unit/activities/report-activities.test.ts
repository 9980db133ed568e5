/** The report of a run of the loop, from what the run has left in the lake. */
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import type { StoredComparison, StoredScore } from '../../../activities/comparison-activities';
import { createReportActivities, type ReportInput } from '../../../activities/report-activities';
import { writeJson } from '../../../lakehouse/json';
import { evaluate } from '../../../models/evaluation';
import { newLake, temporaryFolder } from '../../support/recordings';

const folder = temporaryFolder();

const skipped = {
  outcome: 'skipped' as const,
  reason: 'lease-held',
  explanation: 'Another retrain runs: retrain/other.',
  pValue: null,
  meanDifference: null,
  comparisonKey: null,
};

const input = (scoreKey: string | null): ReportInput => ({
  ...{ name: 'demo', dataset: 'watch', model: 'activity', gate: {}, scoreKey },
  ...{ startedAt: '2026-01-01T00:00:00.000Z', finishedAt: '2026-01-01T00:02:00.000Z' },
  ...{ workflowIds: ['loop/demo'], stages: { train: 10 }, tables: {}, retrains: [skipped] },
  labels: { uncertain: 0, audit: 0, skipped: 0 },
});

const score: StoredScore = {
  formatVersion: 1,
  model: 'activity',
  champion: {
    ...{ version: '41', trainingWindows: 100, labels: 0, shuffledLabels: false },
    evaluation: evaluate({
      probabilities: Float32Array.of(0.9, 0.1, 0.2, 0.8, 0.7, 0.3),
      classes: ['rest', 'walk'],
      labels: ['rest', 'walk', 'walk'],
      subjects: ['a', 'a', 'b'],
    }),
  },
};

const scorecardOf = (version: string, macroF1: number) => ({
  ...{ version, featureSchema: 'one', perClass: [], calibrationError: 0.1 },
  bySubject: ['a', 'b', 'c', 'd', 'e', 'f'].map((subject) => ({ subject, windows: 10, macroF1 })),
});

/** The challenger has learned shuffled labels, and is better for every person. */
const passed: StoredComparison = {
  formatVersion: 1,
  model: 'activity',
  champion: { ...score.champion, version: '1' },
  challenger: { ...score.champion, version: '2', shuffledLabels: true },
  figures: {
    ...{ champion: scorecardOf('1', 0.5), challenger: scorecardOf('2', 0.9) },
    ...{ audit: null, withdrawnSubjects: 0, holdoutUses: 1 },
  },
};

const refused = {
  ...{ outcome: 'reject' as const, reason: 'control-passed', pValue: 1 / 64, meanDifference: 0.4 },
  explanation: 'It passed although it learned shuffled labels.',
  comparisonKey: 'comparisons/activity/1-2-abcd.json',
};

async function reportOf(scoreKey: string | null, more: Partial<ReportInput> = {}): Promise<string> {
  const lake = newLake(folder.path());
  if (scoreKey !== null) await writeJson(lake.store, scoreKey, score);
  await writeJson(lake.store, refused.comparisonKey, passed);
  const { writeReport } = createReportActivities({
    lake,
    codeVersion: 'test',
    temporalUi: async () => 'http://127.0.0.1:8233',
    temporalNamespace: 'trial one',
  });
  const environment = new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') });
  await environment.run(writeReport, { ...input(scoreKey), ...more });
  return (await lake.store.get('reports/demo.html')).toString();
}

test('shows the champion that stays when nothing was compared', async () => {
  const html = await reportOf('scores/activity/41-abcd.json');
  expect(html).toMatch(/[Vv]ersion 41/);
  expect(html).toContain('Another retrain runs');
  expect(await reportOf(null)).not.toMatch(/[Vv]ersion 41/);
});

test('links to the runs in their namespace', async () => {
  expect(await reportOf(null)).toContain(
    'http://127.0.0.1:8233/namespaces/trial%20one/workflows/loop%2Fdemo',
  );
});

test('tells that a negative control was refused although it passed', async () => {
  const html = await reportOf(null, { retrains: [refused], gate: { minimumAuditLabels: 0 } });
  expect(html).toContain('control-passed');
  expect(html).toContain('It passed although it learned shuffled labels.');
  expect(html).not.toMatch(/badge good|was promoted/);
});
