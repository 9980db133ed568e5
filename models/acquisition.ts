/** Decides which windows a person should label: those the model is unsure of, and a random share. */
import { createHash } from 'node:crypto';
import { WatchlakeError } from '../core/errors';

export type CandidateKind = 'uncertain' | 'audit';

export interface CandidateInput {
  readonly windowId: string;
  /** Calibrated probability of the predicted class. */
  readonly confidence: number;
  readonly threshold: number;
  /** Share of all windows that are audited, whatever the confidence. */
  readonly auditShare: number;
  readonly seed: number;
}

/** A number in [0, 1) that is fixed for a window and a seed: replays draw the same windows. */
export function auditDraw(windowId: string, seed: number): number {
  const digest = createHash('sha256').update(`${seed}|${windowId}`).digest();
  return digest.readUIntBE(0, 6) / 2 ** 48;
}

/** Audit comes first: a window drawn for it stays an audit window however unsure the model is. */
export function isCandidate(input: CandidateInput): CandidateKind | null {
  if (auditDraw(input.windowId, input.seed) < input.auditShare) return 'audit';
  return input.confidence < input.threshold ? 'uncertain' : null;
}

export interface CandidatePrediction {
  readonly windowId: string;
  readonly probabilities: readonly number[];
  readonly kind: CandidateKind;
}

export interface Pick {
  readonly windowId: string;
  readonly kind: CandidateKind;
  /** Distance between the two most probable classes: the smaller, the less sure. */
  readonly margin: number;
}

export interface SelectionInput {
  readonly predictions: readonly CandidatePrediction[];
  readonly budget: number;
  /** Share of the budget for audit windows. */
  readonly auditShare: number;
  /** Draws the audit windows among those there are. */
  readonly seed?: number;
}

export function marginOf(probabilities: readonly number[]): number {
  const [first, second] = [...probabilities].sort((a, b) => b - a);
  return (first ?? 0) - (second ?? 0);
}

const byId = (a: { windowId: string }, b: { windowId: string }): number =>
  a.windowId < b.windowId ? -1 : a.windowId > b.windowId ? 1 : 0;

/**
 * At most `budget` windows: the audit share at random, then the smallest margins. A part that runs
 * out leaves its room to uncertain windows, never to more audit ones than the share.
 */
export function selectTasks({ predictions, budget, auditShare, seed = 0 }: SelectionInput): Pick[] {
  if (!Number.isInteger(budget) || budget < 0 || !(auditShare >= 0 && auditShare <= 1)) {
    const detail = 'the budget is a whole number, the audit share lies between 0 and 1';
    throw new WatchlakeError('INPUT_INVALID', { field: 'selection', detail });
  }
  const unique = [...new Map(predictions.map((p) => [p.windowId, p])).values()];
  const audits = unique
    .filter(({ kind }) => kind === 'audit')
    .sort((a, b) => auditDraw(a.windowId, seed + 1) - auditDraw(b.windowId, seed + 1) || byId(a, b))
    .slice(0, Math.round(budget * auditShare));
  const uncertain = unique
    .filter(({ kind }) => kind === 'uncertain')
    .map((prediction) => ({ ...prediction, margin: marginOf(prediction.probabilities) }))
    .sort((a, b) => a.margin - b.margin || byId(a, b))
    .slice(0, budget - audits.length);
  return [
    ...audits.map((p) => ({
      windowId: p.windowId,
      kind: p.kind,
      margin: marginOf(p.probabilities),
    })),
    ...uncertain.map(({ windowId, kind, margin }) => ({ windowId, kind, margin })),
  ];
}
