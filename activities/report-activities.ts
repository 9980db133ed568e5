/** Writes the report of one run of the loop from what the run has left in lake and registry. */
import { log } from '@temporalio/activity';
import { readJson } from '../lakehouse/json';
import type { Lake } from '../lakehouse/lake';
import { findManifestOrNull } from '../lakehouse/snapshots';
import { storedRows } from '../lakehouse/stored-rows';
import { PREDICTIONS_TABLE } from '../lakehouse/watch/model-tables';
import { literal } from '../lakehouse/engines/duckdb-session';
import type { Evaluation } from '../models/evaluation';
import { decidePromotion, type GateOptions } from '../models/promotion';
import { decisionFrom } from '../report/decision';
import { renderReport } from '../report/render-report';
import type { PredictionCount, ReportData, RetrainDecision } from '../report/report-data';
import { alive } from './alive';
import { asActivities } from './as-activities';
import type { StoredComparison, StoredScore } from './comparison-activities';

export interface ReportDeps {
  lake: Lake;
  codeVersion: string;
  /** Address of the Temporal web UI, for links. */
  temporalUi: () => Promise<string>;
  temporalNamespace: string;
}

interface ReportedRetrain {
  outcome: RetrainDecision['outcome'];
  reason: string;
  explanation: string;
  pValue: number | null;
  meanDifference: number | null;
  comparisonKey: string | null;
}

export interface ReportInput {
  name: string;
  dataset: string;
  model: string;
  startedAt: string;
  finishedAt: string;
  workflowIds: string[];
  stages: Record<string, number>;
  tables: ReportData['tables'];
  labels: ReportData['labels'];
  retrains: ReportedRetrain[];
  gate: Partial<GateOptions>;
  /** Where the champion's score lies when nothing was compared. */
  scoreKey?: string | null;
}

const BUCKET_MS = 30_000;

export function createReportActivities(deps: ReportDeps) {
  const { lake, codeVersion, temporalUi, temporalNamespace: namespace } = deps;
  return asActivities({
    // Safe to retry: the same run writes the same file again.
    async writeReport(input: ReportInput): Promise<{ uri: string; latestUri: string }> {
      const { signal } = alive();
      const ui = await temporalUi();
      const data = await reportData(lake, input, { codeVersion, ui, namespace, signal });
      const html = renderReport(data);
      const key = `reports/${input.name}.html`;
      await lake.store.put(key, html);
      await lake.store.put('reports/latest.html', html);
      log.info('report written', { key });
      return { uri: lake.store.uriOf(key), latestUri: lake.store.uriOf('reports/latest.html') };
    },
  });
}

interface Surroundings {
  codeVersion: string;
  ui: string;
  namespace: string;
  signal: AbortSignal;
}

async function reportData(
  lake: Lake,
  input: ReportInput,
  { codeVersion, ui, namespace, signal }: Surroundings,
): Promise<ReportData> {
  const comparisons = await Promise.all(
    input.retrains.map(async ({ comparisonKey }) =>
      comparisonKey === null ? null : readJson<StoredComparison>(lake.store, comparisonKey),
    ),
  );
  const first = comparisons.find((each) => each?.champion.evaluation != null) ?? null;
  const promoted = comparisons.findLast((_, index) => input.retrains[index]?.outcome === 'promote');
  const before = first?.champion ?? (await championAlone(lake, input));
  const after = promoted?.challenger ?? before;
  return {
    title: `The loop «${input.name}»`,
    generatedAt: input.finishedAt,
    dataset: input.dataset,
    model: input.model,
    codeVersion,
    seconds: (Date.parse(input.finishedAt) - Date.parse(input.startedAt)) / 1000,
    stages: input.stages,
    tables: input.tables,
    learningCurve: learningCurve(comparisons),
    before: scored(before),
    after: scored(after),
    predictions: await predictionCounts(lake, input, signal),
    predictionBucketMs: BUCKET_MS,
    retrains: input.retrains.map((each, index) =>
      decision(each, comparisons[index] ?? null, input),
    ),
    labels: input.labels,
    links:
      ui === ''
        ? []
        : input.workflowIds.map((id) => ({ label: id, url: linkTo(ui, namespace, id) })),
  };
}

async function championAlone(lake: Lake, { scoreKey = null }: ReportInput) {
  return scoreKey === null ? null : (await readJson<StoredScore>(lake.store, scoreKey)).champion;
}

const linkTo = (ui: string, namespace: string, workflowId: string): string =>
  `${ui}/namespaces/${encodeURIComponent(namespace)}/workflows/${encodeURIComponent(workflowId)}`;

const scored = (score: StoredComparison['champion'] | null) =>
  score?.evaluation ? { version: score.version, evaluation: score.evaluation } : null;

/** Each version once, in the order in which they were trained. */
function learningCurve(comparisons: readonly (StoredComparison | null)[]) {
  const points = comparisons.flatMap((each) => (each ? [each.champion, each.challenger] : []));
  const byVersion = new Map(points.map((point) => [point.version, point]));
  return [...byVersion.values()]
    .filter(
      (point): point is typeof point & { evaluation: Evaluation } => point.evaluation !== null,
    )
    .map(({ version, trainingWindows, labels, evaluation }) => ({
      version,
      trainingWindows,
      labels,
      accuracy: evaluation.accuracy,
      macroF1: evaluation.macroF1,
    }))
    .sort((a, b) => Number(a.version) - Number(b.version));
}

function decision(
  retrain: ReportedRetrain,
  comparison: StoredComparison | null,
  { gate }: ReportInput,
): RetrainDecision {
  const { outcome, reason, explanation, pValue, meanDifference } = retrain;
  if (comparison !== null) {
    const { version, shuffledLabels } = comparison.challenger;
    const verdict = decidePromotion(comparison.figures, gate);
    const decided = decisionFrom({ version, verdict, negativeControl: shuffledLabels });
    // The run has the last word: a control that passes the gate is refused nevertheless.
    return { ...decided, outcome, reason, explanation };
  }
  const common = { outcome, reason, explanation, pValue, meanDifference };
  return { version: null, ...common, bySubject: [], checks: [] };
}

async function predictionCounts(
  lake: Lake,
  { dataset, model }: ReportInput,
  signal: AbortSignal,
): Promise<PredictionCount[]> {
  const manifest = await findManifestOrNull(lake, { dataset, table: PREDICTIONS_TABLE });
  if (manifest === null) return [];
  const counts: PredictionCount[] = [];
  const rows = storedRows(lake, {
    from: { [PREDICTIONS_TABLE]: manifest },
    sql: `SELECT CAST(FLOOR(p.start_ms / ${BUCKET_MS}) * ${BUCKET_MS} AS DOUBLE) AS bucket,
        p.version, p.label, CAST(COUNT(*) AS DOUBLE) AS windows, AVG(p.confidence) AS confidence
      FROM ${PREDICTIONS_TABLE} p WHERE p.model = ${literal(model)}
      GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`,
    signal,
  });
  for await (const [bucketStartMs, version, label, windows, meanConfidence] of rows) {
    counts.push({
      bucketStartMs: bucketStartMs as number,
      version: version as string,
      label: label as string,
      windows: windows as number,
      meanConfidence: meanConfidence as number,
    });
  }
  return counts;
}

export type ReportActivities = ReturnType<typeof createReportActivities>;
