/** The version that is champion now, with its card; training and the gate both start from it. */
import { WatchlakeError } from '../core/errors';
import { CHAMPION } from '../registry/aliases';
import type { Registry } from '../registry/registry';
import type { ModelVersion } from '../registry/versions';

export interface ChampionQuery {
  model: string;
  /** Where it has to have learned: people and labels of another dataset tell nothing about it. */
  dataset: string;
}

/** Null when the model has no champion yet; throws MODEL_OF_OTHER_DATASET. */
export async function championOf(
  registry: Registry,
  { model, dataset }: ChampionQuery,
): Promise<ModelVersion | null> {
  const alias = await registry.getAlias({ model, alias: CHAMPION });
  if (alias === null) return null;
  const champion = await registry.getVersion({ model, version: alias.version });
  const { dataset: learned } = champion.card.data;
  if (learned !== dataset)
    throw new WatchlakeError('MODEL_OF_OTHER_DATASET', { model, learned, dataset });
  return champion;
}

/** Throws NO_CHAMPION and MODEL_OF_OTHER_DATASET. */
export async function requireChampion(
  registry: Registry,
  query: ChampionQuery,
): Promise<ModelVersion> {
  const champion = await championOf(registry, query);
  if (champion === null) throw new WatchlakeError('NO_CHAMPION', { model: query.model });
  return champion;
}
