/** Removes a model with all its versions, or tells what that would be. */
import type { Client } from '@temporalio/client';
import { WatchlakeError } from '../core/errors';
import { fewOf } from '../core/few-of';
import type { Lake } from '../lakehouse/lake';
import { modelFolders } from '../lakehouse/model-artefacts';
import type { StoredObject } from '../lakehouse/ports';
import { CHAMPION } from '../registry/aliases';
import type { Registry } from '../registry/registry';
import { inTheWay } from './in-the-way';

export interface ModelRemovalDeps {
  client: Client;
  registry: Registry;
  lake: Pick<Lake, 'store'>;
}

export interface ModelRemoval {
  model: string;
  /** Those that can be used. */
  versions: number;
  champion: string | null;
  /** Its artefacts and scores in the lake. */
  objects: number;
  bytes: number;
  /** What has to end before it can go, in words. */
  inTheWay: string[];
}

export async function objectsIn(
  { store }: Pick<Lake, 'store'>,
  folders: readonly string[],
): Promise<StoredObject[]> {
  const found: StoredObject[] = [];
  for (const folder of folders) {
    for await (const object of store.list(folder)) found.push(object);
  }
  return found;
}

async function planned(
  { client, registry, lake }: ModelRemovalDeps,
  model: string,
): Promise<{ plan: ModelRemoval; keys: string[]; isRegistered: boolean }> {
  const models = await registry.listModels();
  const known = models.find((each) => each.model === model);
  // What an interrupted removal has left in the lake is found without the registry.
  const objects = /^[a-z0-9._-]+$/.test(model) ? await objectsIn(lake, modelFolders(model)) : [];
  if (known === undefined && objects.length === 0) {
    const names = fewOf(models.map((each) => each.model));
    throw new WatchlakeError('MODEL_NOT_FOUND', { model, known: names });
  }
  const plan = {
    ...{ model, versions: known?.versions ?? 0, champion: known?.aliases[CHAMPION] ?? null },
    objects: objects.length,
    bytes: objects.reduce((sum, { bytes }) => sum + bytes, 0),
    inTheWay: await inTheWay(client, { model }),
  };
  return { plan, keys: objects.map(({ key }) => key), isRegistered: known !== undefined };
}

/** What `removeModel` would do. MODEL_NOT_FOUND when there is nothing of it. */
export const planModelRemoval = async (
  deps: ModelRemovalDeps,
  { model }: { model: string },
): Promise<ModelRemoval> => (await planned(deps, model)).plan;

/** Repeating it goes on where it was interrupted; MODEL_IN_USE while something is in the way. */
export async function removeModel(
  deps: ModelRemovalDeps,
  { model }: { model: string },
): Promise<ModelRemoval> {
  const { plan, keys, isRegistered } = await planned(deps, model);
  const [what] = plan.inTheWay;
  if (what !== undefined) throw new WatchlakeError('MODEL_IN_USE', { model, what });
  // The registry first: nobody looks for an artefact that no version names.
  if (isRegistered) await deps.registry.removeModel({ model });
  for (const key of keys) await deps.lake.store.remove(key);
  return plan;
}
