/** The promotion gate's conditions, each with its figure and its limit, as the report shows them. */
import type { Verdict } from '../models/promotion';
import type { GateCheck } from './report-data';

/** In the order in which the gate looks at them. */
export function gateChecks(verdict: Verdict): GateCheck[] {
  const { gate, audit, calibration, perClass } = verdict;
  const losses = perClass
    .filter(({ counted }) => counted)
    .map(({ championRecall, challengerRecall }) => championRecall - challengerRecall);
  const worstLoss = losses.length === 0 ? null : Math.max(...losses);
  const auditLoss = audit === null ? null : audit.championAccuracy - audit.challengerAccuracy;
  return [
    atLeast('subjects in the holdout', verdict.bySubject.length, gate.minimumSubjects),
    atMost('p-value of the sign-flip test', verdict.pValue, gate.alpha),
    {
      name: 'mean macro-F1 difference',
      value: verdict.meanDifference,
      limit: gate.margin,
      bound: 'more than',
      passed: verdict.meanDifference > gate.margin,
    },
    atMost('largest loss of recall of a class', worstLoss, gate.recallLossLimit),
    atMost(
      'rise of the calibration error',
      calibration.challenger - calibration.champion,
      gate.calibrationMargin,
    ),
    atLeast('recent audit labels', audit?.labels ?? 0, gate.minimumAuditLabels),
    atMost('loss of accuracy on audit labels', auditLoss, gate.auditLossLimit),
  ];
}

const atMost = (name: string, value: number | null, limit: number): GateCheck => ({
  name,
  value,
  limit,
  bound: 'at most',
  passed: value === null || value <= limit,
});

const atLeast = (name: string, value: number, limit: number): GateCheck => ({
  name,
  value,
  limit,
  bound: 'at least',
  passed: value >= limit,
});
