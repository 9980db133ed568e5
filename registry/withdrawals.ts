/** Versions that learned from people who withdrew since: found, marked, and their cards rewritten. */
import type { Database, Queryable } from '../core/postgres';
import { versionNumber } from './versions';

export interface WithdrawnSubject {
  dataset: string;
  /** The pseudonym in the tables. */
  subjectKey: string;
  /** The keyed hash that may stay. */
  subject: string;
}

export interface TaintedVersion {
  model: string;
  version: string;
  dataset: string;
  seed: number;
  isChampion: boolean;
}

const MARK = `INSERT INTO registry.withdrawals (model, version, subject)
  SELECT model, version, $3 FROM registry.versions
  WHERE card->'data'->>'dataset' = $1 AND card->'data'->'subjects' ? $2
  ON CONFLICT DO NOTHING`;

const REWRITES = [
  `UPDATE registry.versions SET card = replace(card::text, $1, $2)::jsonb
   WHERE strpos(card::text, $1) > 0`,
  `UPDATE registry.alias_moves SET evidence = replace(evidence::text, $1, $2)::jsonb
   WHERE strpos(evidence::text, $1) > 0`,
  `UPDATE registry.verdicts SET evidence = replace(evidence::text, $1, $2)::jsonb
   WHERE strpos(evidence::text, $1) > 0`,
];

// A split keeps its other subjects where they are, and says that it is not as it was drawn.
const SPLITS = `UPDATE registry.splits SET reduced_at = now(), parts = (
    SELECT jsonb_object_agg(part, keys - $2::text) FROM jsonb_each(parts) each(part, keys))
  WHERE dataset = $1 AND strpos(parts::text, $2) > 0`;

const TAINTED = `SELECT w.model, w.version, v.card->'data'->>'dataset' AS dataset,
    (v.card->>'seed')::float8 AS seed, a.version IS NOT NULL AS is_champion
  FROM registry.withdrawals w JOIN registry.versions v USING (model, version)
  LEFT JOIN registry.aliases a
    ON a.model = w.model AND a.version = w.version AND a.alias = 'champion'
  WHERE w.subject = $1 AND v.card->'data'->>'dataset' = $2 AND v.removed_at IS NULL
  ORDER BY w.model, w.version`;

interface TaintedRow {
  model: string;
  version: number;
  dataset: string;
  seed: number;
  is_champion: boolean;
}

async function rewrite(connection: Queryable, from: string, to: string): Promise<number> {
  let rows = 0;
  for (const text of REWRITES) rows += (await connection.query(text, [from, to])).rowCount ?? 0;
  return rows;
}

export function createWithdrawals(database: Database) {
  return {
    /** Marks the versions, and writes the hash wherever the pseudonym stood; repeated it is the same. */
    eraseFromRegistry: ({ dataset, subjectKey, subject }: WithdrawnSubject) =>
      database.transaction(async (connection) => {
        await connection.query(MARK, [dataset, subjectKey, subject]);
        const splits = await connection.query(SPLITS, [dataset, subjectKey]);
        const records = await rewrite(connection, subjectKey, subject);
        return { splits: splits.rowCount ?? 0, records };
      }),

    /** Versions whose training data held the person, and that are still there. */
    async taintedVersions(of: { dataset: string; subject: string }): Promise<TaintedVersion[]> {
      const { rows } = await database.query<TaintedRow>(TAINTED, [of.subject, of.dataset]);
      return rows.map(({ model, version, dataset, seed, is_champion: isChampion }) => ({
        ...{ model, version: String(version), dataset, seed, isChampion },
      }));
    },

    /** From how many people the version has learned who withdrew since. */
    async withdrawnSubjects({ model, version }: { model: string; version: string }) {
      const { rows } = await database.query<{ model: string }>(
        'SELECT model FROM registry.withdrawals WHERE model = $1 AND version = $2',
        [model, versionNumber(version)],
      );
      return rows.length;
    },
  };
}
