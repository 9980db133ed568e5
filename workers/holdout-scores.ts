/** What versions reached on a holdout: the gate keeps it in the lake, and the registry says where. */
import type { StoredComparison } from '../activities/comparison-activities';
import type { TrainingScheme } from '../activities/inputs';
import { isWatchlakeError } from '../core/errors';
import { readJson } from '../lakehouse/json';
import type { Store } from '../lakehouse/ports';
import type { Evidence } from '../registry/aliases';
import type { Registry } from '../registry/registry';
import type { ModelVersion } from '../registry/versions';

export interface HoldoutScore {
  accuracy: number;
  macroF1: number;
}

export type HoldoutScores = ReadonlyMap<string, HoldoutScore>;

export interface ScoreSources {
  registry: Pick<Registry, 'history' | 'verdicts'>;
  store: Store;
}

interface Comparison {
  key: string;
  versions: readonly (string | null)[];
  at: string;
}

// Each is a file of the lake; of older versions nobody asks how good they were.
const MOST_COMPARISONS = 50;

const SHIPPED_SPLIT: TrainingScheme = 'shipped-split';

/** The newest first. */
async function comparisonsOf({ registry }: ScoreSources, model: string): Promise<Comparison[]> {
  const limit = MOST_COMPARISONS;
  const moves = (await registry.history({ model, limit })).map(
    ({ evidence, from, version, movedAt }) => comparison(evidence, [from, version], movedAt),
  );
  const verdicts = (await registry.verdicts({ model, limit })).map(
    ({ evidence, champion, challenger, decidedAt }) =>
      comparison(evidence, [champion, challenger], decidedAt),
  );
  return [...moves, ...verdicts]
    .filter((each) => each !== null)
    .sort((a, b) => b.at.localeCompare(a.at))
    .slice(0, MOST_COMPARISONS);
}

/** Null for a move without one, such as that of a first version. */
const comparison = (
  { comparisonKey: key }: Evidence,
  versions: Comparison['versions'],
  at: string,
): Comparison | null => (typeof key === 'string' ? { key, versions, at } : null);

/** Of these versions, by version, each from the newest comparison that it took part in. */
export async function holdoutScores(
  sources: ScoreSources,
  { model, versions }: { model: string; versions: readonly string[] },
): Promise<HoldoutScores> {
  if (versions.length === 0) return new Map();
  const comparisons = await comparisonsOf(sources, model);
  const keys = new Map<string, string>();
  for (const version of versions) {
    const newest = comparisons.find((each) => each.versions.includes(version));
    if (newest) keys.set(version, newest.key);
  }
  const stored = new Map<string, HoldoutScores>();
  const read = async (key: string) => stored.set(key, await scoresIn(sources.store, key));
  await Promise.all([...new Set(keys.values())].map(read));
  return new Map(
    [...keys].flatMap(([version, key]) => {
      const score = stored.get(key)?.get(version);
      return score ? [[version, score] as const] : [];
    }),
  );
}

/** Of people whom the version had not seen, measured in its training or by the gate; null where neither was. */
export async function macroF1OnStrangers(
  sources: ScoreSources,
  { model, version, card: { evaluation } }: Pick<ModelVersion, 'model' | 'version' | 'card'>,
): Promise<number | null> {
  // A split that the data came with has windows of everybody on both sides.
  if (evaluation && evaluation.scheme !== SHIPPED_SPLIT) return evaluation.macroF1;
  const scores = await holdoutScores(sources, { model, versions: [version] });
  return scores.get(version)?.macroF1 ?? null;
}

async function scoresIn(store: Store, key: string): Promise<HoldoutScores> {
  try {
    const { champion, challenger } = await readJson<StoredComparison>(store, key);
    return new Map(
      [champion, challenger].flatMap(({ version, evaluation }) => {
        if (evaluation === null) return [];
        const { accuracy, macroF1 } = evaluation;
        return [[version, { accuracy, macroF1 }] as const];
      }),
    );
  } catch (error) {
    // Whoever shows versions does without their scores while the lake does not answer.
    if (isWatchlakeError(error)) return new Map();
    throw error;
  }
}
