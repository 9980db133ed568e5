/** The promotion gate: whether a challenger replaces the champion, and why. */
import { WatchlakeError } from '../core/errors';
import { counted } from '../core/figures';
import { signFlipTest } from './sign-flip';

export interface Scorecard {
  readonly version: string;
  /** Hash of the feature schema. */
  readonly featureSchema: string;
  readonly bySubject: readonly { subject: string; windows: number; macroF1: number }[];
  readonly perClass: readonly { label: string; recall: number; support: number }[];
  readonly calibrationError: number;
}

/** Both versions on the recent audit labels, none of which the challenger learned from. */
export interface AuditComparison {
  readonly labels: number;
  readonly championAccuracy: number;
  readonly challengerAccuracy: number;
}

export interface Comparison {
  /** On the same frozen holdout, window for window. */
  readonly champion: Scorecard;
  readonly challenger: Scorecard;
  /** Null when there are none yet. */
  readonly audit: AuditComparison | null;
  /** Subjects in the challenger's training data whose consent was withdrawn. */
  readonly withdrawnSubjects: number;
  /** How often this holdout decided before, this time included. */
  readonly holdoutUses: number;
}

export interface GateOptions {
  /** Highest p-value that counts as proof. */
  readonly alpha: number;
  /** The mean macro-F1 difference must exceed it. */
  readonly margin: number;
  readonly minimumSubjects: number;
  /** Recall that a class may lose at most. */
  readonly recallLossLimit: number;
  /** Windows of a class on the holdout from which its recall counts. */
  readonly minimumSupport: number;
  readonly calibrationMargin: number;
  /** Accuracy on audit labels that may be lost at most. */
  readonly auditLossLimit: number;
  /** Audit labels below which they prove nothing; zero: a comparison without any is accepted. */
  readonly minimumAuditLabels: number;
  /** Uses of a holdout after which a new one is asked for. */
  readonly holdoutUseLimit: number;
}

/** The smallest p-value of n subjects is 1/2^n: fewer can prove nothing at the usual level. */
export const LEAST_SUBJECTS = 6;

export const DEFAULT_GATE: GateOptions = {
  alpha: 0.05,
  margin: 0.005,
  minimumSubjects: LEAST_SUBJECTS,
  recallLossLimit: 0.1,
  minimumSupport: 30,
  calibrationMargin: 0.02,
  auditLossLimit: 0.05,
  minimumAuditLabels: 20,
  holdoutUseLimit: 20,
};

export const PROMOTION_REASONS = [
  'schema-differs',
  'withdrawn-subject',
  'too-few-subjects',
  'not-proved-better',
  'recall-loss',
  'calibration-worse',
  'too-few-audit-labels',
  'audit-worse',
  'control-passed',
  'proved-better',
] as const;
export type PromotionReason = (typeof PROMOTION_REASONS)[number];

/** Why a retrain judges nothing, and the champion stays. */
export const SKIP_REASONS = [
  'lease-held',
  'too-few-new-labels',
  'lease-lost',
  'champion-moved',
] as const;
export type SkipReason = (typeof SKIP_REASONS)[number];

/** Of a move that nobody had to judge. */
export const FIRST_VERSION = 'first-version';

export interface ClassComparison {
  readonly label: string;
  readonly support: number;
  readonly championRecall: number;
  readonly challengerRecall: number;
  /** Whether the class has enough support for its recall to count. */
  readonly counted: boolean;
}

export interface SubjectComparison {
  readonly subject: string;
  readonly windows: number;
  readonly championMacroF1: number;
  readonly challengerMacroF1: number;
}

export interface Verdict {
  readonly outcome: 'promote' | 'reject' | 'need-more-labels';
  readonly reason: PromotionReason;
  readonly explanation: string;
  readonly pValue: number;
  readonly meanDifference: number;
  readonly bySubject: SubjectComparison[];
  readonly perClass: ClassComparison[];
  readonly calibration: { readonly champion: number; readonly challenger: number };
  readonly audit: AuditComparison | null;
  /** With `need-more-labels`: which classes, and how many labels of each. */
  readonly needed?: { label: string; count: number }[];
  /** Whether this holdout was used too often to be trusted further. */
  readonly newHoldoutAdvised: boolean;
  readonly gate: GateOptions;
}

type Decision = Pick<Verdict, 'outcome' | 'reason' | 'explanation' | 'needed'>;

function pairSubjects({ champion, challenger }: Comparison): SubjectComparison[] {
  const others = new Map(challenger.bySubject.map((score) => [score.subject, score]));
  const pairs = champion.bySubject.flatMap(({ subject, windows, macroF1 }) => {
    const other = others.get(subject);
    return other !== undefined && other.windows === windows
      ? [{ subject, windows, championMacroF1: macroF1, challengerMacroF1: other.macroF1 }]
      : [];
  });
  const complete = pairs.length === champion.bySubject.length && pairs.length === others.size;
  if (!complete || others.size !== challenger.bySubject.length) {
    const detail =
      'champion and challenger were not scored on the same windows of the same subjects';
    throw new WatchlakeError('INPUT_INVALID', { field: 'comparison', detail });
  }
  return pairs;
}

function pairClasses({ champion, challenger }: Comparison, gate: GateOptions): ClassComparison[] {
  return champion.perClass.map(({ label, recall, support }) => ({
    label,
    support,
    championRecall: recall,
    challengerRecall: challenger.perClass.find((score) => score.label === label)?.recall ?? 0,
    counted: support >= gate.minimumSupport,
  }));
}

const reject = (reason: PromotionReason, explanation: string): Decision => ({
  outcome: 'reject',
  reason,
  explanation,
});

/** Shares that differ by rounding only are equal: 1 − 0.95 is a little more than 0.05. */
const TOLERANCE = 1e-9;

/** Whether a value lies above its limit, as the gate counts. */
export const exceeds = (value: number, limit: number): boolean => value - limit > TOLERANCE;

const peopleOf = (subjects: number): string => counted(subjects, 'person', 'people');

/** With a minus sign, which a hyphen is not, and without one in front of nothing. */
function rounded(value: number): string {
  const text = value.toFixed(3);
  return Number(text) === 0 ? text.replace('-', '') : text.replace('-', '\u2212');
}

/** No p-value is zero. */
const pValueText = (value: number): string => (value < 0.001 ? '< 0.001' : `= ${rounded(value)}`);

function needForSubjects(perClass: readonly ClassComparison[], gate: GateOptions, missing: number) {
  // A new subject is worth as many labels of each class as make its recall count, dealt out evenly.
  const count = Math.ceil((gate.minimumSupport * missing) / gate.minimumSubjects);
  return perClass.map(({ label }) => ({ label, count }));
}

function needForAudit(perClass: readonly ClassComparison[], missing: number) {
  const count = Math.ceil(missing / Math.max(1, perClass.length));
  return perClass.map(({ label }) => ({ label, count }));
}

function decideAudit(
  audit: AuditComparison | null,
  perClass: readonly ClassComparison[],
  gate: GateOptions,
): Decision | null {
  const labels = audit?.labels ?? 0;
  if (labels < gate.minimumAuditLabels) {
    return {
      outcome: 'need-more-labels',
      reason: 'too-few-audit-labels',
      explanation: `There ${labels === 1 ? 'is' : 'are'} ${counted(labels, 'recent audit label')}, ${gate.minimumAuditLabels} are needed.`,
      needed: needForAudit(perClass, gate.minimumAuditLabels - labels),
    };
  }
  if (audit === null || labels === 0) return null;
  const loss = audit.championAccuracy - audit.challengerAccuracy;
  if (!exceeds(loss, gate.auditLossLimit)) return null;
  return reject(
    'audit-worse',
    `On ${counted(labels, 'audit label')} the accuracy falls by ${rounded(loss)} (limit ${gate.auditLossLimit}).`,
  );
}

function decideGuards(comparison: Comparison, perClass: ClassComparison[], gate: GateOptions) {
  const losses = perClass
    .filter(({ counted }) => counted)
    .map(({ label, championRecall, challengerRecall }) => ({
      label,
      loss: championRecall - challengerRecall,
    }))
    .filter(({ loss }) => exceeds(loss, gate.recallLossLimit));
  if (losses.length > 0) {
    const list = losses.map(({ label, loss }) => `${label} loses ${rounded(loss)}`).join(', ');
    return reject('recall-loss', `Recall: ${list} (limit ${gate.recallLossLimit}).`);
  }
  const worse = comparison.challenger.calibrationError - comparison.champion.calibrationError;
  if (exceeds(worse, gate.calibrationMargin)) {
    return reject(
      'calibration-worse',
      `The calibration error rises by ${rounded(worse)} (limit ${gate.calibrationMargin}).`,
    );
  }
  return decideAudit(comparison.audit, perClass, gate);
}

function decideEligibility(comparison: Comparison): Decision | null {
  const { champion, challenger, withdrawnSubjects } = comparison;
  if (champion.featureSchema !== challenger.featureSchema) {
    return reject(
      'schema-differs',
      `The champion's feature schema is ${champion.featureSchema}, the challenger's ${challenger.featureSchema}: only a person can decide (docs/upgrades.md).`,
    );
  }
  if (withdrawnSubjects > 0) {
    return reject(
      'withdrawn-subject',
      `The challenger learned from ${peopleOf(withdrawnSubjects)} whose consent was withdrawn.`,
    );
  }
  return null;
}

/**
 * Looks in this order, and stops at the first that decides:
 * 1. another feature schema, 2. data of a withdrawn subject → reject;
 * 3. fewer subjects than a proof needs → need more labels;
 * 4. no proof by the sign-flip test, or a mean difference within the margin → reject;
 * 5. a class with enough support loses recall, 6. calibration worse → reject;
 * 7. too few audit labels → need more labels; 8. worse on audit labels → reject;
 * 9. otherwise promote.
 * Throws INPUT_INVALID when the two were not scored on the same windows.
 */
export function decidePromotion(comparison: Comparison, gate: Partial<GateOptions> = {}): Verdict {
  const options = { ...DEFAULT_GATE, ...gate };
  const bySubject = pairSubjects(comparison);
  const perClass = pairClasses(comparison, options);
  const test = signFlipTest(bySubject.map((s) => s.challengerMacroF1 - s.championMacroF1));
  const facts = `mean macro-F1 difference ${rounded(test.meanDifference)} over ${peopleOf(bySubject.length)}, p ${pValueText(test.pValue)}`;
  const decideProof = (): Decision | null => {
    const missing = options.minimumSubjects - bySubject.length;
    if (missing > 0) {
      return {
        outcome: 'need-more-labels',
        reason: 'too-few-subjects',
        explanation: `The holdout has ${peopleOf(bySubject.length)} whom neither version has seen, ${options.minimumSubjects} are needed; \`loop\` sets them aside, for its own seed.`,
        needed: needForSubjects(perClass, options, missing),
      };
    }
    const proved = test.pValue <= options.alpha && exceeds(test.meanDifference, options.margin);
    return proved ? null : reject('not-proved-better', `Not proved better: ${facts}.`);
  };
  const decision =
    decideEligibility(comparison) ??
    decideProof() ??
    decideGuards(comparison, perClass, options) ??
    ({
      outcome: 'promote',
      reason: 'proved-better',
      explanation: `Proved better: ${facts}.`,
    } as const);
  return {
    ...decision,
    ...test,
    bySubject,
    perClass,
    calibration: {
      champion: comparison.champion.calibrationError,
      challenger: comparison.challenger.calibrationError,
    },
    audit: comparison.audit,
    newHoldoutAdvised: comparison.holdoutUses > options.holdoutUseLimit,
    gate: options,
  };
}

/** Of a challenger that learned shuffled labels: that it passes tells of the gate, and it never becomes champion. */
export const refuseControl = (passed: Verdict): Verdict => ({
  ...passed,
  outcome: 'reject',
  reason: 'control-passed',
  explanation: `It passed although it learned shuffled labels: trust nothing that this gate decides on this holdout. ${passed.explanation}`,
});
