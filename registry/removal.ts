/** Takes models, single versions, and the splits of a dataset, out of the registry. */
import { WatchlakeError } from '../core/errors';
import type { Database, Queryable } from '../core/postgres';
import { unknownModel } from './unknown-names';
import { lockModel, readVersion, type ModelVersion, type VersionName } from './versions';

const KEEP_NUMBERS = `UPDATE registry.models m SET last_version = greatest(m.last_version,
    (SELECT coalesce(max(version), 0) FROM registry.versions v WHERE v.model = m.model))
  WHERE m.model = $1`;

// In the order of their references. How often a holdout was looked at stays: the people in it are the same.
const TABLES = ['withdrawals', 'aliases', 'alias_moves', 'verdicts', 'versions'] as const;

// Under another key: the same training makes a new version.
const MARK = `UPDATE registry.versions
  SET removed_at = now(), key = key || '/removed/' || version::text
  WHERE model = $1 AND version = $2 AND removed_at IS NULL`;

const ALIASES =
  'SELECT alias FROM registry.aliases WHERE model = $1 AND version = $2 ORDER BY alias';

const SHARING = `SELECT 1 FROM registry.versions
  WHERE artefact_uri = $1 AND removed_at IS NULL AND NOT (model = $2 AND version = $3) LIMIT 1`;

export interface RemovableVersion extends ModelVersion {
  /** Those that point at it: it cannot go before they move. */
  aliases: string[];
  /** The same training has made another version since, whose artefact lies in the same place. */
  isMadeAgain: boolean;
}

async function removable(connection: Queryable, wanted: VersionName): Promise<RemovableVersion> {
  const found = await readVersion(connection, wanted);
  const { model, version, artefactUri } = found;
  const aliases = await connection.query<{ alias: string }>(ALIASES, [model, version]);
  const sharing = await connection.query(SHARING, [artefactUri, model, version]);
  return {
    ...found,
    aliases: aliases.rows.map(({ alias }) => alias),
    isMadeAgain: sharing.rows.length > 0,
  };
}

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

    /** What its removal has to know; MODEL_NOT_FOUND when there never was one. */
    removableVersion: (wanted: VersionName): Promise<RemovableVersion> =>
      removable(database, wanted),

    /**
     * Nobody can load or promote it from now on; its card stays, for verdicts and predictions name it. Repeated it is
     * the same, and tells whether it has been made again by now. MODEL_IN_USE when an alias points at it.
     */
    removeVersion: ({ model, version }: VersionName): Promise<{ isMadeAgain: boolean }> =>
      database.transaction(async (connection) => {
        await lockModel(connection, model);
        const { aliases, isMadeAgain } = await removable(connection, { model, version });
        const [alias] = aliases;
        if (alias !== undefined)
          throw new WatchlakeError('MODEL_IN_USE', { model, version, what: `it is the ${alias}` });
        await connection.query(MARK, [model, version]);
        return { isMadeAgain };
      }),

    /** How many versions of each model, of those that can be used, have learned from the dataset. */
    async learnersOf({ dataset }: { dataset: string }) {
      const { rows } = await database.query<{ model: string; versions: number }>(
        `SELECT model, count(*)::int AS versions FROM registry.versions
         WHERE card->'data'->>'dataset' = $1 AND removed_at IS NULL GROUP BY model ORDER BY model`,
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
