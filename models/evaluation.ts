/** How good predictions are: overall, by class, by subject, and how honest their confidence is. */
import { mean, standardDeviation } from 'simple-statistics';
import { WatchlakeError } from '../core/errors';
import { rowsByGroup } from './groups';
import { largest } from './softmax';

export interface ClassScore {
  readonly label: string;
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
  /** Windows that have this label. */
  readonly support: number;
}

export interface SubjectScore {
  readonly subject: string;
  readonly windows: number;
  readonly accuracy: number;
  readonly macroF1: number;
}

/** Windows whose confidence lies in [from, to). */
export interface ReliabilityBin {
  readonly from: number;
  readonly to: number;
  readonly windows: number;
  readonly confidence: number | null;
  readonly accuracy: number | null;
}

export interface Evaluation {
  readonly windows: number;
  readonly accuracy: number;
  readonly macroF1: number;
  /** Those the model has learned, then those that only the windows have. */
  readonly classes: string[];
  /** Classes that the windows have and the model has not learned: it takes them for others. */
  readonly unlearned?: string[];
  /** Without those people there was too little to train on; absent where everybody was scored. */
  readonly unscored?: Unscored;
  readonly perClass: ClassScore[];
  /** Row: true class; column: predicted class. */
  readonly confusion: number[][];
  readonly calibrationError: number;
  readonly negativeLogLikelihood: number;
  readonly reliability: ReliabilityBin[];
  readonly bySubject: SubjectScore[];
  readonly worstSubject: { readonly subject: string; readonly accuracy: number };
  readonly spread: {
    readonly accuracyStandardDeviation: number;
    readonly macroF1StandardDeviation: number;
  };
}

/** People who were not scored, and their windows, which no figure counts. */
export interface Unscored {
  readonly subjects: number;
  readonly windows: number;
}

export interface EvaluationInput {
  /** Row-major, in the order of `classes`. */
  readonly probabilities: Float32Array;
  /** Those the model has learned. */
  readonly classes: readonly string[];
  readonly labels: readonly string[];
  readonly subjects: readonly string[];
}

const BINS = 10;

const ratio = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);

function confusionOf(
  truth: readonly number[],
  predicted: readonly number[],
  classes: number,
): number[][] {
  const confusion = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  truth.forEach((label, row) => {
    const counts = confusion[label] as number[];
    const column = predicted[row] as number;
    counts[column] = (counts[column] as number) + 1;
  });
  return confusion;
}

function scoreClasses(confusion: readonly number[][], classes: readonly string[]): ClassScore[] {
  return classes.map((label, index) => {
    const hits = confusion[index]?.[index] as number;
    const support = (confusion[index] as number[]).reduce((sum, count) => sum + count, 0);
    const predicted = confusion.reduce((sum, row) => sum + (row[index] as number), 0);
    return {
      label,
      precision: ratio(hits, predicted),
      recall: ratio(hits, support),
      f1: ratio(2 * hits, support + predicted),
      support,
    };
  });
}

/** Mean F1 over the classes that occur, in truth or in predictions, as scikit-learn counts them. */
export function macroF1Of(confusion: readonly number[][], classes: readonly string[]): number {
  const occurring = scoreClasses(confusion, classes).filter(
    ({ support }, index) => support > 0 || confusion.some((row) => (row[index] as number) > 0),
  );
  return occurring.length === 0 ? 0 : mean(occurring.map(({ f1 }) => f1));
}

function reliabilityOf(confidence: readonly number[], hits: readonly boolean[]): ReliabilityBin[] {
  return Array.from({ length: BINS }, (_, bin) => {
    const inBin = confidence.flatMap((value, row) =>
      Math.min(BINS - 1, Math.floor(value * BINS)) === bin ? [row] : [],
    );
    return {
      from: bin / BINS,
      to: (bin + 1) / BINS,
      windows: inBin.length,
      confidence: inBin.length === 0 ? null : mean(inBin.map((row) => confidence[row] as number)),
      accuracy: inBin.length === 0 ? null : mean(inBin.map((row) => Number(hits[row]))),
    };
  });
}

/** Expected calibration error: |confidence − accuracy| of the bins, weighted by their windows. */
export function calibrationErrorOf(bins: readonly ReliabilityBin[]): number {
  const windows = bins.reduce((sum, bin) => sum + bin.windows, 0);
  return bins.reduce(
    (sum, bin) =>
      sum + ratio(bin.windows, windows) * Math.abs((bin.confidence ?? 0) - (bin.accuracy ?? 0)),
    0,
  );
}

function scoreSubjects(
  subjects: readonly string[],
  truth: readonly number[],
  predicted: readonly number[],
  classes: readonly string[],
): SubjectScore[] {
  return [...rowsByGroup(subjects)].map(([subject, rows]) => {
    const truthOfSubject = rows.map((row) => truth[row] as number);
    const confusion = confusionOf(
      truthOfSubject,
      rows.map((row) => predicted[row] as number),
      classes.length,
    );
    return {
      subject,
      windows: rows.length,
      accuracy: mean(rows.map((row) => Number(truth[row] === predicted[row]))),
      macroF1: macroF1Of(confusion, classes),
    };
  });
}

function checkInput(input: EvaluationInput): void {
  const { probabilities, classes, labels, subjects } = input;
  const wrong =
    labels.length === 0
      ? 'there is no window to evaluate'
      : subjects.length !== labels.length || probabilities.length !== labels.length * classes.length
        ? 'probabilities, labels and subjects differ in length'
        : probabilities.some((value) => !Number.isFinite(value))
          ? 'a probability is not a finite number'
          : null;
  if (wrong !== null)
    throw new WatchlakeError('INPUT_INVALID', { field: 'evaluation', detail: wrong });
}

/**
 * Every figure by which versions are compared and shown. A window of a class that the model has not
 * learned counts as mistaken, so that versions which have learned different classes compare.
 */
export function evaluate(input: EvaluationInput): Evaluation {
  checkInput(input);
  const { probabilities, labels, subjects, classes: learned } = input;
  const unlearned = [...new Set(labels)].filter((label) => !learned.includes(label)).sort();
  const classes = [...learned, ...unlearned];
  const rowOf = (row: number): Float32Array =>
    probabilities.subarray(row * learned.length, (row + 1) * learned.length);
  const truth = labels.map((label) => classes.indexOf(label));
  const predicted = labels.map((_, row) => largest(rowOf(row)));
  const hits = truth.map((label, row) => label === predicted[row]);
  const confusion = confusionOf(truth, predicted, classes.length);
  const confidence = predicted.map((label, row) => rowOf(row)[label] as number);
  const reliability = reliabilityOf(confidence, hits);
  const bySubject = scoreSubjects(subjects, truth, predicted, classes);
  const worst = bySubject.reduce((low, score) => (score.accuracy < low.accuracy ? score : low));
  return {
    windows: labels.length,
    accuracy: mean(hits.map(Number)),
    macroF1: macroF1Of(confusion, classes),
    classes,
    unlearned,
    perClass: scoreClasses(confusion, classes),
    confusion,
    calibrationError: calibrationErrorOf(reliability),
    negativeLogLikelihood: mean(
      truth.map((label, row) => -Math.log(Math.max(1e-7, rowOf(row)[label] ?? 0))),
    ),
    reliability,
    bySubject,
    worstSubject: { subject: worst.subject, accuracy: worst.accuracy },
    spread: {
      accuracyStandardDeviation: standardDeviation(bySubject.map(({ accuracy }) => accuracy)),
      macroF1StandardDeviation: standardDeviation(bySubject.map(({ macroF1 }) => macroF1)),
    },
  };
}
