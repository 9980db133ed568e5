/** The version that is champion now, with its card; training and the gate both start from it. */
import { WatchlakeError } from '../core/errors';
import type { Lake } from '../lakehouse/lake';
import { readClassifier } from '../lakehouse/model-artefacts';
import { unknownDataset } from '../lakehouse/unknown-names';
import { loadClassifier } from '../models/classifier';
import { CHAMPION } from '../registry/aliases';
import { noChampion } from '../registry/no-champion';
import type { Registry } from '../registry/registry';
import type { ModelVersion, VersionName } from '../registry/versions';
import type { Champion } from '../streaming/classify';

export interface ChampionQuery {
  model: string;
  /** Where it has to have learned: people and labels of another dataset tell nothing about it. */
  dataset: string;
}

interface Places {
  readonly registry: Registry;
  readonly lake: Lake;
}

/** Null when the model has none. */
export const championNumber = async ({ registry }: Pick<Places, 'registry'>, model: string) =>
  (await registry.getAlias({ model, alias: CHAMPION }))?.version ?? null;

async function loadVersion({ registry, lake }: Places, wanted: VersionName): Promise<Champion> {
  const { version, artefactUri } = await registry.getVersion(wanted);
  const stored = await readClassifier(lake.store, artefactUri);
  return { version, classifier: await loadClassifier(stored) };
}

/** Throws NO_CHAMPION when there is none. */
export async function loadChampion(places: Places, model: string): Promise<Champion> {
  const version = await championNumber(places, model);
  if (version === null) throw await noChampion(places.registry, model);
  try {
    return await loadVersion(places, { model, version });
  } catch (error) {
    // It may have been replaced, and then removed, while it was read.
    if ((await championNumber(places, model)) === version) throw error;
    return loadChampion(places, model);
  }
}

async function championVersion(registry: Registry, model: string): Promise<ModelVersion | null> {
  const version = await championNumber({ registry }, model);
  return version === null ? null : registry.getVersion({ model, version });
}

function refuseOther(champion: ModelVersion | null, { model, dataset }: ChampionQuery): void {
  const learned = champion?.card.data.dataset;
  if (learned === undefined || learned === dataset) return;
  throw new WatchlakeError('MODEL_OF_OTHER_DATASET', { model, learned, dataset });
}

/** Throws MODEL_OF_OTHER_DATASET; a model without a champion is of none yet. */
export const refuseOtherDataset = async (registry: Registry, query: ChampionQuery): Promise<void> =>
  refuseOther(await championVersion(registry, query.model), query);

/** Null when the model has no champion yet; throws MODEL_OF_OTHER_DATASET, and DATASET_NOT_FOUND where there is no such other. */
export async function championOf(
  { registry, lake }: Places,
  { model, dataset }: ChampionQuery,
): Promise<ModelVersion | null> {
  const champion = await championVersion(registry, model);
  if (champion?.card.data.dataset === dataset) return champion;
  // A name that was mistyped is no reason to train, or to take another model.
  const isThere = (await lake.catalog.list({ dataset })).length > 0;
  if (!isThere) throw await unknownDataset(lake, dataset);
  refuseOther(champion, { model, dataset });
  return null;
}

/** Throws NO_CHAMPION besides. */
export async function requireChampion(places: Places, query: ChampionQuery): Promise<ModelVersion> {
  const champion = await championOf(places, query);
  if (champion === null) throw await noChampion(places.registry, query.model);
  return champion;
}
