/** The rows that a classifier learns from, and what makes them unfit to learn from. */
import { WatchlakeError } from '../core/errors';

export interface TrainingSet {
  /** Row-major: as many values for each row as the feature schema has names. */
  readonly features: Float32Array;
  readonly labels: readonly string[];
  /** Subject of each row: what splits are made by. */
  readonly groups: readonly string[];
  /** Device of each row: what splits are made by when there is one subject. */
  readonly blocks: readonly string[];
  readonly windowIds: readonly string[];
}

/** Below this, neither weights nor a temperature mean anything. */
const MINIMUM_ROWS = 20;

/** Throws unless the rows can be learned from: enough of them, two classes, known labels. */
export function checkTrainingSet(
  set: TrainingSet,
  columns: number,
  { model, classes }: { model?: string; classes: readonly string[] },
): void {
  const { features, labels, groups, blocks, windowIds } = set;
  const rows = labels.length;
  const unlike = [groups, blocks, windowIds].some(({ length }) => length !== rows);
  if (unlike || features.length !== rows * columns) {
    const detail = `${rows} labels do not fit ${features.length} values of ${columns} features`;
    throw new WatchlakeError('FEATURES_INVALID', { detail });
  }
  const unknown = labels.find((label) => !classes.includes(label));
  if (unknown !== undefined) {
    const context = { label: unknown, model: model ?? 'in training', known: classes.join(', ') };
    throw new WatchlakeError('LABELS_UNKNOWN', context);
  }
  const detail = wantOf(countsOf(labels));
  if (detail !== null) throw new WatchlakeError('TRAINING_DATA_INSUFFICIENT', { detail });
}

/** How often each value is there. */
export function countsOf(values: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

/** What is wanting for a training on so many rows of each label; null when they are enough. */
export function wantOf(counts: ReadonlyMap<string, number>): string | null {
  const present = [...counts].filter(([, count]) => count > 0);
  const rows = present.reduce((sum, [, count]) => sum + count, 0);
  if (rows < MINIMUM_ROWS) return `${rows} labelled windows, at least ${MINIMUM_ROWS} are needed`;
  if (present.length < 2)
    return `all windows have the label ${present[0]?.[0]}, at least two classes are needed`;
  return null;
}

/** The same choice of rows as a training set of its own. */
export function subset(set: TrainingSet, indexes: readonly number[]): TrainingSet {
  const columns = set.features.length / set.labels.length;
  const pick = (values: readonly string[]): string[] => indexes.map((i) => values[i] as string);
  const features = new Float32Array(indexes.length * columns);
  indexes.forEach((index, row) => {
    features.set(set.features.subarray(index * columns, (index + 1) * columns), row * columns);
  });
  return {
    features,
    labels: pick(set.labels),
    groups: pick(set.groups),
    blocks: pick(set.blocks),
    windowIds: pick(set.windowIds),
  };
}
