/** Takes models, and the splits of a dataset, out of the registry. */
import type { Database } from '../core/postgres';
import { unknownModel } from './unknown-names';
import { lockModel } from './versions';

const KEEP_NUMBERS = `UPDATE registry.models m SET last_version = greatest(m.last_version,
    (SELECT coalesce(max(version), 0) FROM registry.versions v WHERE v.model = m.model))
  WHERE m.model = $1`;

// In the order of their references. How often a holdout was looked at stays: the people in it are the same.
const TABLES = ['withdrawals', 'aliases', 'alias_moves', 'verdicts', 'versions'] as const;

export function createRemoval(database: Database) {
  return {
    /** All versions with their moves and verdicts; MODEL_NOT_FOUND when it has none. Their numbers are not given again. */
    removeModel: ({ model }: { model: string }): Promise<{ versions: number }> =>
      database.transaction(async (connection) => {
        await lockModel(connection, model);
        await connection.query(KEEP_NUMBERS, [model]);
        let versions = 0;
        for (const table of TABLES) {
          const text = `DELETE FROM registry.${table} WHERE model = $1`;
          versions = (await connection.query(text, [model])).rowCount ?? 0;
        }
        if (versions === 0) throw await unknownModel(connection, model);
        return { versions };
      }),

    /** How many versions of each model have learned from the dataset. */
    async learnersOf({ dataset }: { dataset: string }) {
      const { rows } = await database.query<{ model: string; versions: number }>(
        `SELECT model, count(*)::int AS versions FROM registry.versions
         WHERE card->'data'->>'dataset' = $1 GROUP BY model ORDER BY model`,
        [dataset],
      );
      return rows;
    },

    async countSplits({ dataset }: { dataset: string }): Promise<number> {
      const { rows } = await database.query<{ splits: number }>(
        'SELECT count(*)::int AS splits FROM registry.splits WHERE dataset = $1',
        [dataset],
      );
      return rows[0]?.splits ?? 0;
    },

    async removeSplits({ dataset }: { dataset: string }): Promise<void> {
      await database.query('DELETE FROM registry.splits WHERE dataset = $1', [dataset]);
    },
  };
}
