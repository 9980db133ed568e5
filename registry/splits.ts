/** Splits by subject, frozen once saved: who trains, who streams, who is held out. */
import { WatchlakeError } from '../core/errors';
import { canonicalJson } from '../core/hash';
import { onlyRow, type Database } from '../core/postgres';

/** Keys of subjects by the part that they are in. */
export type SplitParts = Readonly<Record<string, readonly string[]>>;

export interface SplitName {
  dataset: string;
  seed: number;
}

/** The order within a part says nothing. */
const sorted = (parts: SplitParts) =>
  Object.fromEntries(Object.entries(parts).map(([part, keys]) => [part, [...keys].sort()]));

export function createSplits(database: Database) {
  async function getSplit({ dataset, seed }: SplitName): Promise<SplitParts | null> {
    const { rows } = await database.query<{ parts: SplitParts }>(
      'SELECT parts FROM registry.splits WHERE dataset = $1 AND seed = $2',
      [dataset, seed],
    );
    return rows[0]?.parts ?? null;
  }

  /**
   * Saves the split, or finds it saved; SPLIT_FROZEN when the saved one has other subjects. One from
   * which somebody was erased stays as it is: no draw gives it again.
   */
  async function saveSplit({ dataset, seed, parts }: SplitName & { parts: SplitParts }) {
    await database.query(
      `INSERT INTO registry.splits (dataset, seed, parts) VALUES ($1, $2, $3)
       ON CONFLICT DO NOTHING`,
      [dataset, seed, JSON.stringify(parts)],
    );
    const saved = onlyRow(
      await database.query<{ parts: SplitParts; reduced: boolean }>(
        `SELECT parts, reduced_at IS NOT NULL AS reduced FROM registry.splits
         WHERE dataset = $1 AND seed = $2`,
        [dataset, seed],
      ),
    );
    if (saved.reduced) return { parts: saved.parts };
    if (canonicalJson(sorted(saved.parts)) !== canonicalJson(sorted(parts)))
      throw new WatchlakeError('SPLIT_FROZEN', { dataset, seed });
    return { parts: saved.parts };
  }

  return { getSplit, saveSplit };
}
