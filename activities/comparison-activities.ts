/** Scores champion and challenger on what neither has learned from, for the promotion gate. */
import { Context } from '@temporalio/activity';
import type { AnnotationStore } from '../annotation/annotation';
import type { Label } from '../annotation/labels';
import { WatchlakeError } from '../core/errors';
import { contentHash } from '../core/hash';
import { writeJson } from '../lakehouse/json';
import type { Lake } from '../lakehouse/lake';
import { readClassifier } from '../lakehouse/model-artefacts';
import { trainingWindows, type TrainingWindows } from '../lakehouse/samples';
import { loadClassifier, type Classifier } from '../models/classifier';
import { evaluate, type Evaluation } from '../models/evaluation';
import type { AuditComparison, Comparison, Scorecard } from '../models/promotion';
import type { Registry } from '../registry/registry';
import type { ModelVersion } from '../registry/versions';
import { championOf } from './champion';
import { translated } from './errors';
import { knownLabels, knownUntilOf } from './known-labels';

export interface ComparisonDeps {
  lake: Lake;
  registry: Registry;
  annotation: AnnotationStore;
}

export interface CompareInput {
  model: string;
  dataset: string;
  champion: string;
  challenger: string;
  /** Names the frozen split whose holdout decides. */
  seed: number;
  knownUntil: string;
  run: string;
}

/** What is kept in the lake for the report and for whoever asks later why. */
export interface StoredComparison {
  formatVersion: 1;
  model: string;
  champion: VersionScore;
  challenger: VersionScore;
  figures: Comparison;
}

interface VersionScore {
  version: string;
  trainingWindows: number;
  labels: number;
  /** A negative control. */
  shuffledLabels: boolean;
  evaluation: Evaluation | null;
}

export const comparisonKey = ({ model, champion, challenger, run }: CompareInput): string =>
  `comparisons/${model}/${champion}-${challenger}-${contentHash(run, 8)}.json`;

export function createComparisonActivities({ lake, registry, annotation }: ComparisonDeps) {
  /** The holdout less every subject that one of the two has learned from: those prove nothing. */
  async function unseenSubjects(input: CompareInput, versions: ModelVersion[]): Promise<string[]> {
    const split = await registry.getSplit({ dataset: input.dataset, seed: input.seed });
    const seen = new Set(versions.flatMap(({ card }) => card.data.subjects));
    return (split?.holdout ?? []).filter((subject) => !seen.has(subject));
  }

  return translated({
    // Safe to retry: it only reads.
    async countNewLabels({ model, dataset }: { model: string; dataset: string }) {
      const champion = await championOf(registry, model);
      const since = knownUntilOf(champion);
      let labels = 0;
      for await (const label of annotation.labels({ dataset })) {
        if (label.knownAt > since) labels += 1;
      }
      return { labels };
    },

    // Safe to retry: scoring is deterministic, the stored file is named by the run, and the use of
    // the holdout is counted once a run.
    async compareVersions(input: CompareInput) {
      const { model, dataset, run } = input;
      const beat = (step: string) => Context.current().heartbeat({ step });
      const champion = await registry.getVersion({ model, version: input.champion });
      const challenger = await registry.getVersion({ model, version: input.challenger });
      const subjectKeys = await unseenSubjects(input, [champion, challenger]);
      const holdout = await trainingWindows(lake, { dataset, subjectKeys });
      const { audit } = await knownLabels(annotation, { ...input, champion });

      beat('champion');
      const before = await scoreVersion(lake, champion, holdout, audit);
      beat('challenger');
      const after = await scoreVersion(lake, challenger, holdout, audit);
      const { uses } = await registry.recordHoldoutUse({
        model,
        holdout: contentHash([...subjectKeys].sort()),
        run,
      });
      const figures: Comparison = {
        champion: scorecardOf(champion, before.evaluation),
        challenger: scorecardOf(challenger, after.evaluation),
        audit: auditOf(audit, before.auditAccuracy, after.auditAccuracy),
        withdrawnSubjects: 0,
        holdoutUses: uses,
      };
      const stored: StoredComparison = {
        formatVersion: 1,
        model,
        champion: versionScore(champion, before.evaluation),
        challenger: versionScore(challenger, after.evaluation),
        figures,
      };
      const key = comparisonKey(input);
      await writeJson(lake.store, key, stored);
      return {
        key,
        figures,
        champion: shortScore(champion, before.evaluation),
        challenger: shortScore(challenger, after.evaluation),
      };
    },
  });
}

interface Scores {
  evaluation: Evaluation | null;
  auditAccuracy: number;
}

async function scoreVersion(
  lake: Lake,
  version: ModelVersion,
  holdout: TrainingWindows,
  audit: readonly Label[],
): Promise<Scores> {
  const classifier = await loadClassifier(await readClassifier(lake.store, version.artefactUri));
  try {
    refuseOtherSchema(classifier, holdout);
    refuseUnknownLabel(classifier, version, holdout.labels);
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

function refuseUnknownLabel(
  { artefact: { classes } }: Classifier,
  { model, version }: ModelVersion,
  labels: readonly string[],
): void {
  const label = labels.find((each) => !classes.includes(each));
  if (label === undefined) return;
  const context = { label, model: `${model} ${version}`, known: classes.join(', ') };
  throw new WatchlakeError('LABELS_UNKNOWN', context);
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
  const { classes, schema } = classifier.artefact;
  const usable = audit.filter(({ featureSchema }) => featureSchema === schema.hash);
  if (usable.length === 0) return 0;
  const rows = new Float32Array(usable.length * schema.names.length);
  usable.forEach(({ features }, row) => rows.set(features, row * schema.names.length));
  const probabilities = await classifier.predict(rows, usable.length);
  const hits = usable.filter(({ label }, row) => {
    const part = probabilities.subarray(row * classes.length, (row + 1) * classes.length);
    return classes[part.indexOf(Math.max(...part))] === label;
  });
  return hits.length / usable.length;
}

const auditOf = (
  audit: readonly Label[],
  championAccuracy: number,
  challengerAccuracy: number,
): AuditComparison | null =>
  audit.length === 0 ? null : { labels: audit.length, championAccuracy, challengerAccuracy };

const scorecardOf = (
  { version, card }: ModelVersion,
  evaluation: Evaluation | null,
): Scorecard => ({
  version,
  featureSchema: card.featureSchema,
  bySubject:
    evaluation?.bySubject.map(({ subject, windows, macroF1 }) => ({ subject, windows, macroF1 })) ??
    [],
  perClass:
    evaluation?.perClass.map(({ label, recall, support }) => ({ label, recall, support })) ?? [],
  calibrationError: evaluation?.calibrationError ?? 0,
});

const versionScore = (
  { version, card }: ModelVersion,
  evaluation: Evaluation | null,
): VersionScore => ({
  version,
  trainingWindows: card.data.windows,
  labels: Number(card.data.labels ?? 0),
  shuffledLabels: card.data.shuffledLabels === true,
  evaluation,
});

const shortScore = ({ version }: ModelVersion, evaluation: Evaluation | null) =>
  evaluation === null
    ? null
    : { version, accuracy: evaluation.accuracy, macroF1: evaluation.macroF1 };

export type ComparisonActivities = ReturnType<typeof createComparisonActivities>;
