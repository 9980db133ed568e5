/** What is said of a model or a version that the registry does not have: which ones it has. */
import { WatchlakeError } from '../core/errors';
import { fewOf } from '../core/few-of';
import type { Queryable } from '../core/postgres';

const MOST_READ = 1_000;
const VERSIONS_SHOWN = 5;

/** MODEL_NOT_FOUND, to be thrown. */
export async function unknownModel(connection: Queryable, model: string): Promise<WatchlakeError> {
  const { rows } = await connection.query<{ model: string }>(
    'SELECT DISTINCT model FROM registry.versions ORDER BY model LIMIT $1',
    [MOST_READ],
  );
  return new WatchlakeError('MODEL_NOT_FOUND', {
    model,
    known: fewOf(rows.map((row) => row.model)),
  });
}

/** The same with the newest versions of the model that can be used; with the models where it never had one. */
export async function unknownVersion(
  connection: Queryable,
  { model, version }: { model: string; version: string },
): Promise<WatchlakeError> {
  const { rows } = await connection.query<{ version: number; removed: boolean }>(
    `SELECT version, removed_at IS NOT NULL AS removed FROM registry.versions WHERE model = $1
     ORDER BY removed, version DESC LIMIT $2`,
    [model, MOST_READ],
  );
  if (rows.length === 0) return unknownModel(connection, model);
  const versions = rows.flatMap((row) => (row.removed ? [] : [String(row.version)]));
  const known = fewOf(versions, VERSIONS_SHOWN);
  return new WatchlakeError('MODEL_NOT_FOUND', { model, version, known });
}
