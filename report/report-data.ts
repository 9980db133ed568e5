/** What a report is made from: figures and references, JSON-safe, with people named by their keys. */
import type { Evaluation } from '../models/evaluation';

export interface VersionEvaluation {
  version: string;
  evaluation: Evaluation;
}

export interface TableCounts {
  rows: number;
  /** Rows that it was made from, which may be of another kind: windows are made from samples. */
  read?: number;
  /** Rows set aside, by reason; they are kept and can be looked at. */
  quarantined: Record<string, number>;
  /** Rows left out on purpose, by reason. */
  dropped: Record<string, number>;
}

/** One trained version, scored on the holdout. */
export interface LearningPoint {
  version: string;
  trainingWindows: number;
  labels: number;
  accuracy: number;
  macroF1: number;
}

/** Predictions of one version and one label whose windows start in one bucket of device time. */
export interface PredictionCount {
  bucketStartMs: number;
  version: string;
  label: string;
  windows: number;
  meanConfidence: number;
}

export interface GateCheck {
  name: string;
  value: number | null;
  limit: number | null;
  /** On which side of the limit the value has to lie. */
  bound?: 'at least' | 'at most' | 'more than';
  isPValue?: boolean;
  passed: boolean;
}

/** One decision of the promotion gate. */
export interface RetrainDecision {
  /** Null when the retrain was skipped before it trained a challenger. */
  version: string | null;
  outcome: 'promote' | 'reject' | 'need-more-labels' | 'skipped';
  reason: string;
  explanation: string;
  pValue: number | null;
  meanDifference: number | null;
  /** True for the challenger that was trained on shuffled labels to try the gate. */
  negativeControl?: boolean;
  /** Macro-F1 of both on each subject of the holdout. */
  bySubject: { subject: string; champion: number; challenger: number }[];
  checks: GateCheck[];
  /** With `need-more-labels`: how many labels of which classes. */
  needed?: { label: string; count: number }[];
  /** Whether this holdout has decided so often that a new one should be drawn. */
  newHoldoutAdvised?: boolean;
}

export interface ReportData {
  title: string;
  /** ISO 8601. */
  generatedAt: string;
  dataset: string;
  model: string;
  codeVersion: string;
  seconds: number;
  /** Seconds of each stage, in the order in which they ran. */
  stages: Record<string, number>;
  tables: Record<string, TableCounts>;
  learningCurve: LearningPoint[];
  /** Both null when no one was left to be scored on. */
  before: VersionEvaluation | null;
  after: VersionEvaluation | null;
  predictions: PredictionCount[];
  /** Length of the intervals in which predictions are counted. */
  predictionBucketMs: number;
  retrains: RetrainDecision[];
  labels: {
    uncertain: number;
    audit: number;
    /** Of those answered, how many the recordings' own labels answered; absent where nobody counted. */
    byOracle?: number;
    skipped: number;
    /** Not answered when the campaign closed. */
    unanswered?: number;
  };
  links: { label: string; url: string }[];
}

/** A report of a run that could compare versions on people whom neither has seen. */
export type ScoredReport = ReportData & { before: VersionEvaluation; after: VersionEvaluation };

export const isScored = (data: ReportData): data is ScoredReport =>
  data.before !== null && data.after !== null;
