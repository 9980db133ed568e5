/** Trains on a frozen snapshot, and registers the version with its card. */
import { isWatchlakeError, type ErrorCode } from '../core/errors';
import { contentHash } from '../core/hash';
import { writeJson } from '../lakehouse/json';
import type { Lake } from '../lakehouse/lake';
import { watchOf } from '../lakehouse/arwise/shipped-split';
import { artefactPrefix, readClassifier, saveClassifier } from '../lakehouse/model-artefacts';
import { trainingWindows, type TrainingWindows } from '../lakehouse/training-windows';
import { findManifest } from '../lakehouse/snapshots';
import { TRAINING_TABLE } from '../lakehouse/watch/model-tables';
import { loadClassifier } from '../models/classifier';
import type { Evaluation } from '../models/evaluation';
import { trainClassifier } from '../models/training';
import type { TrainingSet } from '../models/training-set';
import type { LeaseInput } from '../registry/leases';
import type { Registry } from '../registry/registry';
import type { ModelVersion, VersionKey } from '../registry/versions';
import { alive } from './alive';
import { evaluateShippedSplit, evaluateTraining } from './evaluate-training';
import type { TrainingScheme } from './inputs';
import type { TrainingFacts } from './freeze-training-set';
import { shuffledLabels } from './negative-control';

const UNUSABLE: readonly ErrorCode[] = ['OBJECT_NOT_FOUND', 'ARTEFACT_INVALID'];

export interface TrainVersionDeps {
  lake: Lake;
  registry: Registry;
  /** Of the build: another one may train another classifier from the same data. */
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

interface TrainedVersion {
  version: string;
  evaluation: ShortEvaluation | null;
}

/** What the same build makes of the same data is trained once: a version never changes afterwards. */
export async function trainVersion(
  deps: TrainVersionDeps,
  input: TrainVersionInput,
  signal: AbortSignal,
): Promise<TrainedVersion> {
  const { snapshotId, seed, scheme, shuffleLabels } = input;
  const { codeVersion } = deps;
  const key = contentHash({ snapshotId, seed, scheme, shuffleLabels, codeVersion });
  const existing = await trainedBefore(deps, { model: input.model, key });
  return existing ?? trainAnew(deps, input, key, signal);
}

/** Null for a version whose artefact cannot be used as well: training again mends it. */
async function trainedBefore(
  { lake, registry }: TrainVersionDeps,
  wanted: VersionKey,
): Promise<TrainedVersion | null> {
  const found = await registry.findVersion(wanted);
  if (found === null || !(await isUsable(lake, found))) return null;
  const evaluation = found.card.evaluation as ({ scheme: string } & Evaluation) | null;
  return { version: found.version, evaluation: evaluation && shortened(evaluation) };
}

async function isUsable(lake: Lake, { artefactUri }: ModelVersion): Promise<boolean> {
  try {
    (await loadClassifier(await readClassifier(lake.store, artefactUri))).dispose();
    return true;
  } catch (error) {
    if (isWatchlakeError(error) && UNUSABLE.includes(error.code)) return false;
    throw error;
  }
}

async function trainAnew(
  deps: TrainVersionDeps,
  input: TrainVersionInput,
  key: string,
  signal: AbortSignal,
): Promise<TrainedVersion> {
  const { lake, registry, codeVersion } = deps;
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
  const figures =
    scheme === 'none'
      ? null
      : scheme === 'shipped-split'
        ? await evaluateShippedSplit(set, frozen, training)
        : await evaluateTraining(set, frozen.startsMs, training, tell);
  const trained = await trainClassifier(set, training);
  signal.throwIfAborted();

  // A twin of this attempt may have been faster.
  const existing = await trainedBefore(deps, { model, key });
  if (existing !== null) return existing;
  const prefix = artefactPrefix(model, key);
  await saveClassifier(lake.store, prefix, trained);
  await writeJson(lake.store, `${prefix}/evaluation.json`, figures);
  const evaluation = figures === null ? null : { scheme, ...figures };
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
      evaluation,
      calibration: { ...trained.calibration },
      training: { epochs: trained.epochs },
    },
  });
  return { version, evaluation: evaluation && shortened(evaluation) };
}

function asTrainingSet(frozen: TrainingWindows, shuffleSeed: number | null): TrainingSet {
  const { features, labels, subjectKeys, devices, windowIds } = frozen;
  return {
    features,
    labels: shuffleSeed === null ? labels : shuffledLabels(labels, shuffleSeed),
    groups: subjectKeys,
    // Inner folds between the sides of a split would share its bursts.
    blocks: devices.map(watchOf),
    windowIds,
  };
}

async function trainingFacts(lake: Lake, dataset: string, snapshotId: string) {
  const manifest = await findManifest(lake, { dataset, table: TRAINING_TABLE, snapshotId });
  return manifest.facts as unknown as TrainingFacts;
}

type ShortEvaluation = ReturnType<typeof shortened>;

const shortened = ({ scheme, ...evaluation }: { scheme: string } & Evaluation) => ({
  scheme,
  windows: evaluation.windows,
  accuracy: evaluation.accuracy,
  macroF1: evaluation.macroF1,
  worstSubject: { ...evaluation.worstSubject },
  ...(evaluation.unscored && { unscored: { ...evaluation.unscored } }),
});
