/** Models and their versions: what was trained, where it lies, and its card. */
import { WatchlakeError } from '../core/errors';
import { onlyRow, type Database, type Queryable } from '../core/postgres';
import { modelCardSchema, type ModelCard } from './model-card';
import { unknownModel, unknownVersion } from './unknown-names';

export interface ModelVersion {
  model: string;
  /** 1, 2, 3 … as text. */
  version: string;
  key: string;
  artefactUri: string;
  card: ModelCard;
  createdAt: string;
  /** Since when its artefact is gone; null while it can be used. */
  removedAt: string | null;
}

export interface VersionName {
  model: string;
  version: string;
}

export interface VersionKey {
  model: string;
  /** The same training gives the same key, so that a retry finds the version already made. */
  key: string;
}

export interface NewVersion extends VersionKey {
  artefactUri: string;
  card: ModelCard;
}

export interface ModelSummary {
  model: string;
  /** Those that can be used. */
  versions: number;
  aliases: Record<string, string>;
}

interface VersionRow {
  model: string;
  version: number;
  key: string;
  artefact_uri: string;
  card: ModelCard;
  created_at: Date;
  removed_at: Date | null;
}

const VERSION_COLUMNS = 'model, version, key, artefact_uri, card, created_at, removed_at';

const toVersion = (row: VersionRow): ModelVersion => ({
  model: row.model,
  version: String(row.version),
  key: row.key,
  artefactUri: row.artefact_uri,
  card: row.card,
  createdAt: row.created_at.toISOString(),
  removedAt: row.removed_at?.toISOString() ?? null,
});

/** A version's number from its text; 0, which no version has, for anything else. */
export const versionNumber = (version: string): number =>
  /^[1-9]\d{0,8}$/.test(version) ? Number(version) : 0;

/** Keeps other writers of this model waiting until the transaction ends. */
export async function lockModel(connection: Queryable, model: string): Promise<void> {
  const found = await connection.query(
    'SELECT 1 FROM registry.models WHERE model = $1 FOR UPDATE',
    [model],
  );
  if (found.rows.length === 0) throw await unknownModel(connection, model);
}

async function findByKey(connection: Queryable, { model, key }: VersionKey) {
  const { rows } = await connection.query<VersionRow>(
    `SELECT ${VERSION_COLUMNS} FROM registry.versions WHERE model = $1 AND key = $2`,
    [model, key],
  );
  return rows[0];
}

/** MODEL_NOT_FOUND when there never was one. */
export async function readVersion(
  connection: Queryable,
  { model, version }: VersionName,
): Promise<ModelVersion> {
  const { rows } = await connection.query<VersionRow>(
    `SELECT ${VERSION_COLUMNS} FROM registry.versions WHERE model = $1 AND version = $2`,
    [model, versionNumber(version)],
  );
  if (rows[0] === undefined) throw await unknownVersion(connection, { model, version });
  return toVersion(rows[0]);
}

/** VERSION_REMOVED for one that cannot be used any more. */
export function refuseRemoved({ model, version, removedAt }: ModelVersion): void {
  if (removedAt === null) return;
  throw new WatchlakeError('VERSION_REMOVED', { model, version, day: removedAt.slice(0, 10) });
}

export function createVersions(database: Database) {
  return {
    /** A new version, or the one that this key has had since an earlier try. */
    async registerVersion(input: NewVersion): Promise<{ version: string }> {
      const card = modelCardSchema.parse(input.card);
      return database.transaction(async (connection) => {
        await connection.query(
          'INSERT INTO registry.models (model) VALUES ($1) ON CONFLICT DO NOTHING',
          [input.model],
        );
        await lockModel(connection, input.model);
        const existing = await findByKey(connection, input);
        if (existing) return { version: String(existing.version) };
        const inserted = await connection.query<{ version: number }>(
          `INSERT INTO registry.versions (model, version, key, artefact_uri, card)
           SELECT $1, greatest(m.last_version,
             (SELECT max(version) FROM registry.versions v WHERE v.model = m.model)) + 1, $2, $3, $4
           FROM registry.models m WHERE m.model = $1 RETURNING version`,
          [input.model, input.key, input.artefactUri, JSON.stringify(card)],
        );
        return { version: String(onlyRow(inserted).version) };
      });
    },

    /** The version that a training of this key has made; null when there is none yet. */
    async findVersion(wanted: VersionKey): Promise<ModelVersion | null> {
      const found = await findByKey(database, wanted);
      return found === undefined ? null : toVersion(found);
    },

    /** MODEL_NOT_FOUND, or VERSION_REMOVED. */
    async getVersion(wanted: VersionName): Promise<ModelVersion> {
      const found = await readVersion(database, wanted);
      refuseRemoved(found);
      return found;
    },

    /** The newest first, also those whose artefact is gone. */
    async listVersions({ model, limit = 1_000 }: { model: string; limit?: number }) {
      const { rows } = await database.query<VersionRow>(
        `SELECT ${VERSION_COLUMNS} FROM registry.versions
         WHERE model = $1 ORDER BY version DESC LIMIT $2`,
        [model, limit],
      );
      return rows.map(toVersion);
    },

    /** Those that have a version. */
    async listModels({ limit = 1_000 }: { limit?: number } = {}): Promise<ModelSummary[]> {
      const { rows } = await database.query<ModelSummary>(
        `SELECT m.model,
           (SELECT count(*)::int FROM registry.versions v
             WHERE v.model = m.model AND v.removed_at IS NULL) AS versions,
           coalesce((SELECT jsonb_object_agg(a.alias, a.version::text)
             FROM registry.aliases a WHERE a.model = m.model), '{}') AS aliases
         FROM registry.models m
         WHERE EXISTS (SELECT 1 FROM registry.versions v WHERE v.model = m.model)
         ORDER BY m.model LIMIT $1`,
        [limit],
      );
      return rows;
    },
  };
}
