/** Splits by subject, frozen once saved: who trains, who streams, who is held out. */
import { WatchlakeError } from '../core/errors';
import { canonicalJson } from '../core/hash';
import type { Database } from '../core/postgres';

/** Keys of subjects by the part that they are in. */
export type SplitParts = Readonly<Record<string, readonly string[]>>;

export interface SplitName {
  dataset: string;
  seed: number;
}

/** The order within a part says nothing. */
const sorted = (parts: SplitParts) =>
  Object.fromEntries(Object.entries(parts).map(([part, keys]) => [part, [...keys].sort()]));

interface SplitRow {
  parts: SplitParts;
  reduced: boolean;
}

export function createSplits(database: Database) {
  async function find({ dataset, seed }: SplitName): Promise<SplitRow | undefined> {
    const { rows } = await database.query<SplitRow>(
      `SELECT parts, reduced_at IS NOT NULL AS reduced FROM registry.splits
       WHERE dataset = $1 AND seed = $2`,
      [dataset, seed],
    );
    return rows[0];
  }

  async function getSplit(name: SplitName): Promise<SplitParts | null> {
    return (await find(name))?.parts ?? null;
  }

  /** The saved split, when somebody was erased from it: no draw gives it again. */
  async function reducedSplit(name: SplitName): Promise<SplitParts | null> {
    const saved = await find(name);
    return saved?.reduced ? saved.parts : null;
  }

  /** Of every split of the dataset: whoever one of them judges by. */
  async function heldOutSubjects({ dataset }: { dataset: string }): Promise<string[]> {
    const { rows } = await database.query<{ subject: string }>(
      `SELECT DISTINCT jsonb_array_elements_text(parts->'holdout') AS subject
       FROM registry.splits WHERE dataset = $1 ORDER BY subject`,
      [dataset],
    );
    return rows.map(({ subject }) => subject);
  }

  /**
   * Saves the split, or finds it saved; SPLIT_FROZEN when the saved one has other subjects. One from
   * which somebody was erased stays as it is.
   */
  async function saveSplit({ dataset, seed, parts }: SplitName & { parts: SplitParts }) {
    await database.query(
      `INSERT INTO registry.splits (dataset, seed, parts) VALUES ($1, $2, $3)
       ON CONFLICT DO NOTHING`,
      [dataset, seed, JSON.stringify(parts)],
    );
    const saved = await find({ dataset, seed });
    if (saved === undefined) throw new Error(`the split of ${dataset} was not saved`);
    if (saved.reduced) return { parts: saved.parts };
    if (canonicalJson(sorted(saved.parts)) !== canonicalJson(sorted(parts)))
      throw new WatchlakeError('SPLIT_FROZEN', { dataset, seed });
    return { parts: saved.parts };
  }

  return { getSplit, reducedSplit, heldOutSubjects, saveSplit };
}
