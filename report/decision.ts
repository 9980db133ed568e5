/** Turns the verdict of the promotion gate into what the report shows: every check, its figure and its limit. */
import { exceeds, type Verdict } from '../models/promotion';
import type { GateCheck, RetrainDecision } from './report-data';

export interface DecisionInput {
  version: string;
  verdict: Verdict;
  /** Whether the challenger was trained on deliberately shuffled labels. */
  negativeControl?: boolean;
}

export function decisionFrom({
  version,
  verdict,
  negativeControl,
}: DecisionInput): RetrainDecision {
  return {
    version,
    outcome: verdict.outcome,
    reason: verdict.reason,
    explanation: verdict.explanation,
    pValue: verdict.pValue,
    meanDifference: verdict.meanDifference,
    negativeControl: negativeControl ?? false,
    bySubject: verdict.bySubject.map(({ subject, championMacroF1, challengerMacroF1 }) => ({
      subject,
      champion: championMacroF1,
      challenger: challengerMacroF1,
    })),
    checks: [...eligibilityOf(verdict), ...proofOf(verdict), ...guardsOf(verdict)],
    needed: verdict.needed ?? [],
    newHoldoutAdvised: verdict.newHoldoutAdvised,
  };
}

const fact = (name: string, passed: boolean): GateCheck => ({
  name,
  value: null,
  limit: null,
  passed,
});

const atMost = (name: string, value: number, limit: number): GateCheck => ({
  name,
  value,
  limit,
  bound: 'at most',
  passed: !exceeds(value, limit),
});

const atLeast = (name: string, value: number, limit: number): GateCheck => ({
  name,
  value,
  limit,
  bound: 'at least',
  passed: value >= limit,
});

const eligibilityOf = ({ reason }: Verdict): GateCheck[] => [
  fact('Same feature schema', reason !== 'schema-differs'),
  fact('No data of a withdrawn person', reason !== 'withdrawn-subject'),
];

const proofOf = ({ bySubject, pValue, meanDifference, gate }: Verdict): GateCheck[] => [
  atLeast('People compared', bySubject.length, gate.minimumSubjects),
  {
    ...atMost('p-value of the sign-flip test', pValue, gate.alpha),
    passed: pValue <= gate.alpha,
    isPValue: true,
  },
  {
    name: 'Mean difference of macro-F1',
    value: meanDifference,
    limit: gate.margin,
    bound: 'more than',
    passed: exceeds(meanDifference, gate.margin),
  },
];

function guardsOf({ perClass, calibration, audit, gate }: Verdict): GateCheck[] {
  const losses = perClass
    .filter(({ counted }) => counted)
    .map(({ label, championRecall, challengerRecall }) => ({
      label,
      loss: championRecall - challengerRecall,
    }))
    .sort((a, b) => b.loss - a.loss);
  const worst = losses[0];
  return [
    ...(worst
      ? [atMost(`Largest loss of recall (${worst.label})`, worst.loss, gate.recallLossLimit)]
      : []),
    atMost(
      'Rise of the calibration error',
      calibration.challenger - calibration.champion,
      gate.calibrationMargin,
    ),
    atLeast('Audit labels', audit?.labels ?? 0, gate.minimumAuditLabels),
    ...(audit !== null && audit.labels > 0
      ? [
          atMost(
            'Loss of accuracy on audit labels',
            audit.championAccuracy - audit.challengerAccuracy,
            gate.auditLossLimit,
          ),
        ]
      : []),
  ];
}
