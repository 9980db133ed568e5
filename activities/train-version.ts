/** Trains on a frozen snapshot, and registers the version with its card. */
import { contentHash } from '../core/hash';
import { writeJson } from '../lakehouse/json';
import type { Lake } from '../lakehouse/lake';
import { artefactPrefix, saveClassifier } from '../lakehouse/model-artefacts';
import { trainingWindows, type TrainingWindows } from '../lakehouse/samples';
import { findManifest } from '../lakehouse/snapshots';
import { TRAINING_TABLE } from '../lakehouse/watch/model-tables';
import type { Evaluation } from '../models/evaluation';
import { trainClassifier } from '../models/training';
import type { TrainingSet } from '../models/training-set';
import type { LeaseInput } from '../registry/leases';
import type { Registry } from '../registry/registry';
import { alive } from './alive';
import { evaluateShippedSplit, evaluateTraining } from './evaluate-training';
import type { TrainingScheme } from './inputs';
import type { TrainingFacts } from './freeze-training-set';
import { shuffledLabels } from './negative-control';

export interface TrainVersionDeps {
  lake: Lake;
  registry: Registry;
  codeVersion: string;
}

export interface TrainVersionInput {
  model: string;
  dataset: string;
  snapshotId: string;
  seed: number;
  scheme: TrainingScheme;
  shuffleLabels: boolean;
  /** Kept meanwhile. */
  lease?: LeaseInput;
}

export async function trainVersion(
  { lake, registry, codeVersion }: TrainVersionDeps,
  input: TrainVersionInput,
  signal: AbortSignal,
) {
  const { model, dataset, snapshotId, seed, scheme, shuffleLabels } = input;
  const { report } = alive();
  const tell = (step: string) => report({ step });
  const table = TRAINING_TABLE;
  const frozen = await trainingWindows(lake, { dataset, table, snapshotId, signal });
  const facts = await trainingFacts(lake, dataset, snapshotId);
  const set = asTrainingSet(frozen, shuffleLabels ? seed : null);
  const classes = [...new Set(set.labels)].sort();
  const training = {
    model,
    schema: frozen.schema,
    classes,
    seed,
    signal,
    onEpoch: ({ phase }: { phase: string }) => tell(phase),
  };
  // Scored first: a split that leaks is refused before anything is trained for good.
  const evaluation =
    scheme === 'none'
      ? null
      : scheme === 'shipped-split'
        ? await evaluateShippedSplit(set, frozen.startsMs, training)
        : await evaluateTraining(set, frozen.startsMs, training, tell);
  const trained = await trainClassifier(set, training);
  signal.throwIfAborted();

  const key = contentHash({ snapshotId, seed, scheme, shuffleLabels, codeVersion });
  const prefix = artefactPrefix(model, key);
  await saveClassifier(lake.store, prefix, trained);
  await writeJson(lake.store, `${prefix}/evaluation.json`, evaluation);
  const { version } = await registry.registerVersion({
    model,
    key,
    artefactUri: prefix,
    card: {
      formatVersion: 1,
      codeVersion,
      seed,
      classes,
      featureSchema: frozen.schema.hash,
      data: {
        dataset,
        snapshots: { [TRAINING_TABLE]: snapshotId, window_features: facts.featuresSnapshotId },
        windows: set.labels.length,
        labels: facts.labels,
        subjects: [...new Set(set.groups)].sort(),
        baseSubjects: facts.baseSubjects,
        knownUntil: facts.knownUntil ?? undefined,
        shuffledLabels: shuffleLabels,
      },
      evaluation: evaluation === null ? null : { scheme, ...evaluation },
      calibration: { ...trained.calibration },
      training: { epochs: trained.epochs },
    },
  });
  return { version, evaluation: evaluation === null ? null : shortened(scheme, evaluation) };
}

function asTrainingSet(frozen: TrainingWindows, shuffleSeed: number | null): TrainingSet {
  const { features, labels, subjectKeys, devices, windowIds } = frozen;
  return {
    features,
    labels: shuffleSeed === null ? labels : shuffledLabels(labels, shuffleSeed),
    groups: subjectKeys,
    blocks: devices,
    windowIds,
  };
}

async function trainingFacts(lake: Lake, dataset: string, snapshotId: string) {
  const manifest = await findManifest(lake, { dataset, table: TRAINING_TABLE, snapshotId });
  return manifest.facts as unknown as TrainingFacts;
}

const shortened = (scheme: string, evaluation: Evaluation) => ({
  scheme,
  windows: evaluation.windows,
  accuracy: evaluation.accuracy,
  macroF1: evaluation.macroF1,
  worstSubject: { ...evaluation.worstSubject },
});
