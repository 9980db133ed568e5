/** Trains a classifier: epochs and temperature by inner validation, weights on all rows. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { useBackend } from './backend';
import type { StoredClassifier } from './classifier';
import { ARTEFACT_FORMAT_VERSION, logitsOf, sha256Of } from './classifier';
import type { FeatureSchema } from './features';
import { fit } from './fit';
import type { Fold } from './folds';
import { foldsBy } from './folds';
import { streamSeed } from '../core/random';
import { allRows, someRows, type Rows } from './rows';
import { checkFinite, fitStandardiser } from './standardiser';
import { calibratedLoss, lossAt, provenTemperature } from './temperature';
import type { TrainingOptions } from './training-options';
import { DEFAULT_TRAINING } from './training-options';
import type { TrainingSet } from './training-set';
import { checkTrainingSet } from './training-set';

export type { TrainingOptions } from './training-options';
export type { TrainingSet } from './training-set';

export interface EpochReport {
  /** `fold-1`, `fold-2`, … while epochs are chosen, then `all`. */
  readonly phase: string;
  readonly epoch: number;
  readonly loss: number;
  /** Negative log-likelihood at the best temperature, on the fold's unseen subjects. */
  readonly validationLoss: number | null;
}

export interface TrainInput {
  /** For messages alone. */
  readonly model?: string;
  readonly schema: FeatureSchema;
  /** All labels that the model knows, also those without a row. */
  readonly classes: readonly string[];
  readonly seed: number;
  readonly options?: Partial<TrainingOptions>;
  readonly onEpoch?: (report: EpochReport) => void;
  readonly signal?: AbortSignal;
}

export interface Calibration {
  /** What the temperature was fitted on. `none`: nothing to validate on, temperature 1. */
  readonly method: 'out-of-fold-subjects' | 'out-of-fold-devices' | 'none';
  readonly rows: number;
  readonly temperature: number;
  readonly lossBefore: number | null;
  readonly lossAfter: number | null;
}

export interface TrainedClassifier extends StoredClassifier {
  readonly history: EpochReport[];
  readonly calibration: Calibration;
  readonly epochs: number;
}

interface Settings {
  readonly rows: Rows;
  /** Class of each row. */
  readonly truth: readonly number[];
  readonly classes: number;
  readonly seed: number;
  readonly options: TrainingOptions;
  readonly report: (report: EpochReport) => void;
  readonly signal?: AbortSignal;
}

interface FoldResult {
  readonly truth: readonly number[];
  /** By epoch; those that cannot be chosen are not kept. */
  readonly logits: Float32Array[];
  /** After each epoch. */
  readonly losses: number[];
}

async function validateFold(settings: Settings, fold: Fold, index: number): Promise<FoldResult> {
  const { classes, options } = settings;
  const pick = (rows: readonly number[]) => rows.map((row) => settings.truth[row] as number);
  const rows = someRows(settings.rows, fold.train);
  const unseen = someRows(settings.rows, fold.validate);
  const standardiser = fitStandardiser(rows);
  const result: FoldResult = { truth: pick(fold.validate), logits: [], losses: [] };
  const earliest = Math.min(options.minimumEpochs, options.maximumEpochs) - 1;
  const network = await fit({
    ...settings,
    ...{ rows, standardiser, truth: pick(fold.train) },
    epochs: options.maximumEpochs,
    seed: streamSeed(settings.seed, 100 + index),
    async afterEpoch(epoch, loss, current) {
      const logits = await logitsOf(current, unseen, standardiser);
      const validationLoss = calibratedLoss(logits, classes, result.truth);
      if (epoch >= earliest) result.logits[epoch] = logits;
      result.losses.push(validationLoss);
      settings.report({ phase: `fold-${index + 1}`, epoch, loss, validationLoss });
      const waited = epoch - result.losses.indexOf(Math.min(...result.losses));
      return epoch + 1 >= options.minimumEpochs && waited >= options.patience;
    },
  });
  network.dispose();
  return result;
}

/** Out-of-fold logits after an epoch; a fold that stopped before gives its last ones. */
function pooled(folds: readonly FoldResult[], epoch: number): Float32Array {
  const parts = folds.map(({ logits }) => (logits[epoch] ?? logits.at(-1)) as Float32Array);
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  parts.reduce((offset, part) => {
    all.set(part, offset);
    return offset + part.length;
  }, 0);
  return all;
}

/** Index of the epoch with the least pooled loss, from the minimum on. */
async function bestEpoch(
  folds: readonly FoldResult[],
  classes: number,
  minimumEpochs: number,
): Promise<number> {
  const truth = folds.flatMap((fold) => [...fold.truth]);
  const longest = Math.max(...folds.map(({ losses }) => losses.length));
  const first = Math.min(minimumEpochs, longest) - 1;
  const losses: number[] = [];
  for (let epoch = first; epoch < longest; epoch += 1) {
    losses.push(calibratedLoss(pooled(folds, epoch), classes, truth));
    await nextTurn();
  }
  return first + losses.indexOf(Math.min(...losses));
}

function calibrate(
  folds: readonly FoldResult[],
  epoch: number,
  classes: number,
  method: Calibration['method'],
): Calibration {
  const truth = folds.flatMap((fold) => [...fold.truth]);
  const logits = pooled(folds, epoch);
  const temperature = provenTemperature(logits, classes, truth);
  return {
    method,
    rows: truth.length,
    temperature,
    lossBefore: lossAt(1, logits, classes, truth),
    lossAfter: lossAt(temperature, logits, classes, truth),
  };
}

async function chooseEpochs(
  settings: Settings,
  set: TrainingSet,
): Promise<{ epochs: number; calibration: Calibration }> {
  const { classes, options, truth, seed } = settings;
  const bySubject = new Set(set.groups).size > 1;
  const keys = bySubject ? set.groups : set.blocks;
  const folds = foldsBy(keys, truth, options.innerFolds, streamSeed(seed, 99));
  if (folds.length === 0) {
    const none = { method: 'none', rows: 0, temperature: 1, lossBefore: null, lossAfter: null };
    return { epochs: options.fallbackEpochs, calibration: none as Calibration };
  }
  const results: FoldResult[] = [];
  for (const [index, fold] of folds.entries()) {
    results.push(await validateFold(settings, fold, index));
  }
  const epoch = await bestEpoch(results, classes, options.minimumEpochs);
  const method = bySubject ? 'out-of-fold-subjects' : 'out-of-fold-devices';
  return { epochs: epoch + 1, calibration: calibrate(results, epoch, classes, method) };
}

/**
 * The same set, seed and options give the same classifier. Rejects with the signal's reason when it
 * is aborted, between two steps.
 */
export async function trainClassifier(
  set: TrainingSet,
  input: TrainInput,
): Promise<TrainedClassifier> {
  const { model, schema, classes, seed, signal } = input;
  const columns = schema.names.length;
  checkTrainingSet(set, columns, { model, classes });
  const rows = allRows(set.features, columns);
  const standardiser = fitStandardiser(rows);
  checkFinite(rows);
  await useBackend();
  const options = { ...DEFAULT_TRAINING, ...input.options };
  const history: EpochReport[] = [];
  const report = (epoch: EpochReport): void => {
    history.push(epoch);
    input.onEpoch?.(epoch);
  };
  const truth = set.labels.map((label) => classes.indexOf(label));
  const common = { rows, truth, classes: classes.length, seed, options, report, signal };
  const { epochs, calibration } = await chooseEpochs(common, set);
  const network = await fit({
    ...common,
    standardiser,
    epochs,
    async afterEpoch(epoch, loss) {
      report({ phase: 'all', epoch, loss, validationLoss: null });
      return false;
    },
  });
  const weights = await network.toBytes();
  network.dispose();
  return {
    artefact: {
      formatVersion: ARTEFACT_FORMAT_VERSION,
      classes: [...classes],
      schema,
      standardiser,
      layers: [...network.layers],
      temperature: calibration.temperature,
      seed,
      weightsSha256: sha256Of(weights),
    },
    weights,
    history,
    calibration,
    epochs,
  };
}
