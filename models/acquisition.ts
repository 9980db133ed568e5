/** Decides which windows a person should label: those the model is unsure of, and a random share. */
import { createHash } from 'node:crypto';
import { WatchlakeError } from '../core/errors';
import { largest } from './softmax';
import { takenTimes, type TakenTimes, type WindowTime } from './taken-times';

/** Of what a campaign asks, the share that was drawn at random: it judges, the rest teaches. */
export const USUAL_AUDIT_SHARE = 0.15;

/** How many of so many labels are audits at most. */
export const auditsAmong = (labels: number, share = USUAL_AUDIT_SHARE): number =>
  Math.round(labels * share);

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
function auditDraw(windowId: string, seed: number): number {
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
  /** The most probable class; needed where versions of other classes have predicted other windows. */
  readonly label?: string;
  /** With these, choices are spread over devices and do not overlap in time. */
  readonly device?: string;
  readonly startMs?: number;
  readonly endMs?: number;
}

export interface Pick {
  readonly windowId: string;
  readonly kind: CandidateKind;
  /** Distance between the two most probable classes: the smaller, the less sure. */
  readonly margin: number;
}

/** All that the choice needs of a candidate: its probabilities take more memory than the rest of it. */
export interface RankedCandidate extends Omit<CandidatePrediction, 'probabilities' | 'label'> {
  readonly margin: number;
  /** The most probable class, or its index. */
  readonly predicted: string | number;
}

export interface SelectionInput {
  readonly predictions: readonly (CandidatePrediction | RankedCandidate)[];
  readonly budget: number;
  /** Share of the budget for audit windows. */
  readonly auditShare: number;
  /** Draws the audit windows among those there are. */
  readonly seed?: number;
  /** Windows that other campaigns have asked: what shares samples with them teaches little, or nothing while an audit has yet to judge. */
  readonly asked?: readonly WindowTime[];
}

export function marginOf(probabilities: readonly number[]): number {
  const [first, second] = [...probabilities].sort((a, b) => b - a);
  return (first ?? 0) - (second ?? 0);
}

const byId = (a: { windowId: string }, b: { windowId: string }): number =>
  a.windowId < b.windowId ? -1 : a.windowId > b.windowId ? 1 : 0;

type Ranked = RankedCandidate;

export const rankCandidate = ({
  probabilities,
  label,
  ...rest
}: CandidatePrediction): RankedCandidate => ({
  ...rest,
  margin: marginOf(probabilities),
  predicted: label ?? largest(probabilities),
});

const byMargin = (a: Ranked, b: Ranked): number => a.margin - b.margin || byId(a, b);

/** One queue for each device and predicted class, the least sure last: there it is taken from. */
function queuesOf(ranked: readonly Ranked[]): Ranked[][] {
  const queues = new Map<string, Ranked[]>();
  for (const prediction of ranked) {
    const key = `${prediction.device ?? ''}|${prediction.predicted}`;
    const queue = queues.get(key);
    if (queue === undefined) queues.set(key, [prediction]);
    else queue.push(prediction);
  }
  return [...queues.values()].map((queue) => queue.reverse());
}

/** The next of the queue that overlaps nothing chosen on its device; those it passes are put off. */
function takeApart(queue: Ranked[], chosen: TakenTimes, putOff: Ranked[]): Ranked | null {
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    if (!chosen.has(next)) {
      chosen.add(next);
      return next;
    }
    putOff.push(next);
  }
  return null;
}

/**
 * The least sure of every device and predicted class in turn, windows apart from one another first:
 * neighbours that are unsure for the same reason teach the same thing. Those that share samples with
 * an audit come last as well: they are not learned from before it has judged.
 */
function spread(
  ranked: readonly Ranked[],
  count: number,
  apartFrom: readonly WindowTime[],
): Ranked[] {
  const queues = queuesOf(ranked);
  const chosen = takenTimes(apartFrom, ranked);
  const picks: Ranked[] = [];
  const putOff: Ranked[] = [];
  while (picks.length < count && queues.some(({ length }) => length > 0)) {
    for (const queue of queues) {
      const pick = takeApart(queue, chosen, putOff);
      if (pick !== null) picks.push(pick);
    }
  }
  return [...picks, ...putOff.sort(byMargin)].slice(0, count);
}

/**
 * At most `budget` windows: the audit share at random, then the least sure, spread over devices and
 * predicted classes. Audit windows never exceed their share. Where a champion is sure of nearly everything, also of
 * what it has never seen, windows that were drawn beyond that share fill what room is left: asked to be learned from.
 */
export function selectTasks(input: SelectionInput): Pick[] {
  const { predictions, budget, auditShare, seed = 0, asked = [] } = input;
  if (!Number.isInteger(budget) || budget < 0 || !(auditShare >= 0 && auditShare <= 1)) {
    const detail = 'the budget is a whole number, the audit share lies between 0 and 1';
    throw new WatchlakeError('INPUT_INVALID', { field: 'selection', detail });
  }
  const unique = [...new Map(predictions.map((p) => [p.windowId, p])).values()];
  const ranked = unique.map((each) => ('probabilities' in each ? rankCandidate(each) : each));
  const ofKind = (wanted: CandidateKind) => ranked.filter(({ kind }) => kind === wanted);
  // One draw for each window, not two for each comparison: there may be hundreds of thousands.
  const drawn = ofKind('audit')
    .map((audit) => ({ ...audit, draw: auditDraw(audit.windowId, seed + 1) }))
    .sort((a, b) => a.draw - b.draw || byId(a, b));
  const audits = drawn.slice(0, auditsAmong(budget, auditShare));
  const apartFrom = [...audits, ...asked];
  const uncertain = spread(ofKind('uncertain').sort(byMargin), budget - audits.length, apartFrom);
  // In the order of the draw: what is left for later audits is as random as it was.
  const taken = takenTimes(apartFrom);
  const isBeside = (one: Ranked): boolean => taken.has(one);
  const rest = drawn.slice(audits.length);
  const filling = [...rest.filter((one) => !isBeside(one)), ...rest.filter(isBeside)].slice(
    0,
    budget - audits.length - uncertain.length,
  );
  const asPick =
    (kind: CandidateKind) =>
    ({ windowId, margin }: Ranked): Pick => ({ windowId, kind, margin });
  return [...audits.map(asPick('audit')), ...[...uncertain, ...filling].map(asPick('uncertain'))];
}

/** Of a choice, what may be asked beside so many tasks: budget and share of audits hold for all of them together. */
export function beside(
  present: Readonly<Record<CandidateKind, number>>,
  picks: readonly Pick[],
  { budget, auditShare }: Omit<SelectionInput, 'predictions'>,
): Pick[] {
  const some = (wanted: CandidateKind, room: number): Pick[] =>
    picks.filter(({ kind }) => kind === wanted).slice(0, Math.max(0, room));
  const audits = some('audit', auditsAmong(budget, auditShare) - present.audit);
  const room = budget - present.audit - present.uncertain - audits.length;
  return [...audits, ...some('uncertain', room)];
}
