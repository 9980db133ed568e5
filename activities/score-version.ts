/** Scores a version on windows and audit labels that it has not learned from. */
import type { Label } from '../annotation/labels';
import { WatchlakeError } from '../core/errors';
import type { Lake } from '../lakehouse/lake';
import { readClassifier } from '../lakehouse/model-artefacts';
import type { TrainingWindows } from '../lakehouse/training-windows';
import { loadClassifier, type Classifier } from '../models/classifier';
import { evaluate, type Evaluation } from '../models/evaluation';
import { largest } from '../models/softmax';
import type { ModelVersion } from '../registry/versions';

/** How a version is kept in the lake beside what it was judged by. */
export interface VersionScore {
  version: string;
  trainingWindows: number;
  labels: number;
  /** A negative control. */
  shuffledLabels: boolean;
  evaluation: Evaluation | null;
}

export interface Scores {
  evaluation: Evaluation | null;
  auditAccuracy: number;
}

export async function scoreVersion(
  lake: Lake,
  version: ModelVersion,
  holdout: TrainingWindows,
  audit: readonly Label[],
): Promise<Scores> {
  const classifier = await loadClassifier(await readClassifier(lake.store, version.artefactUri));
  try {
    refuseOtherSchema(classifier, holdout);
    return {
      evaluation: await evaluateOn(classifier, holdout),
      auditAccuracy: await auditAccuracy(classifier, audit),
    };
  } finally {
    classifier.dispose();
  }
}

function refuseOtherSchema({ artefact }: Classifier, { schema }: TrainingWindows): void {
  if (artefact.schema.hash === schema.hash) return;
  const context = { expected: artefact.schema.hash, found: schema.hash };
  throw new WatchlakeError('FEATURE_SCHEMA_DIFFERS', context);
}

async function evaluateOn(
  classifier: Classifier,
  { features, labels, subjectKeys }: TrainingWindows,
): Promise<Evaluation | null> {
  // Without a subject that is new to both there is nothing to prove: the gate asks for more.
  if (labels.length === 0) return null;
  const probabilities = await classifier.predict(features, labels.length);
  const { classes } = classifier.artefact;
  return evaluate({ probabilities, classes, labels, subjects: subjectKeys });
}

async function auditAccuracy(classifier: Classifier, audit: readonly Label[]): Promise<number> {
  if (audit.length === 0) return 0;
  const { classes, schema } = classifier.artefact;
  const rows = new Float32Array(audit.length * schema.names.length);
  audit.forEach(({ features }, row) => rows.set(features, row * schema.names.length));
  const probabilities = await classifier.predict(rows, audit.length);
  const hits = audit.filter(({ label }, row) => {
    const part = probabilities.subarray(row * classes.length, (row + 1) * classes.length);
    return classes[largest(part)] === label;
  });
  return hits.length / audit.length;
}

export const versionScore = (
  { version, card }: ModelVersion,
  evaluation: Evaluation | null,
): VersionScore => ({
  version,
  trainingWindows: card.data.windows,
  labels: Number(card.data.labels ?? 0),
  shuffledLabels: card.data.shuffledLabels === true,
  evaluation,
});

/** What a history carries of it. */
export const shortScore = ({ version }: ModelVersion, evaluation: Evaluation | null) =>
  evaluation === null
    ? null
    : { version, accuracy: evaluation.accuracy, macroF1: evaluation.macroF1 };
