/** Removes one version of a model, or tells what that would be: its artefact goes, its card stays. */
import { WatchlakeError } from '../core/errors';
import { callable } from '../core/program-name';
import { refuseRemoved, type VersionName } from '../registry/versions';
import { versionsInUse } from './in-the-way';
import { objectsIn, type ModelRemovalDeps } from './remove-model';

export interface VersionRemoval extends VersionName {
  /** Its artefact: weights, calibration, scores by person. */
  objects: number;
  bytes: number;
  /** What has to end before it can go, in words. */
  inTheWay: string[];
}

async function planned({ client, registry, lake }: ModelRemovalDeps, wanted: VersionName) {
  const found = await registry.removableVersion(wanted);
  const { model, version, artefactUri, aliases, isMadeAgain } = found;
  // Where another version, of the same training, lies in its place nothing there is its own.
  const objects = isMadeAgain ? [] : await objectsIn(lake, [`${artefactUri}/`]);
  // What an interrupted removal has left is looked for; then there is nothing more to do.
  if (objects.length === 0) refuseRemoved(found);
  const asAlias = aliases.map((alias) =>
    callable(
      `it is the ${alias} (\`watchlake models promote ${model} <version>\` or \`watchlake models rollback ${model}\` makes another version the champion)`,
    ),
  );
  const plan: VersionRemoval = {
    ...{ model, version, objects: objects.length },
    bytes: objects.reduce((sum, { bytes }) => sum + bytes, 0),
    inTheWay: [...asAlias, ...(await versionsInUse(client, model))],
  };
  return { plan, keys: objects.map(({ key }) => key) };
}

/** What `removeVersion` would do. MODEL_NOT_FOUND, or VERSION_REMOVED when there is nothing left of it. */
export const planVersionRemoval = async (
  deps: ModelRemovalDeps,
  wanted: VersionName,
): Promise<VersionRemoval> => (await planned(deps, wanted)).plan;

/** Repeating it goes on where it was interrupted; MODEL_IN_USE while something is in the way. */
export async function removeVersion(
  deps: ModelRemovalDeps,
  wanted: VersionName,
): Promise<VersionRemoval> {
  const { plan, keys } = await planned(deps, wanted);
  const [what] = plan.inTheWay;
  if (what !== undefined) throw new WatchlakeError('MODEL_IN_USE', { ...wanted, what });
  // The registry first: a training that begins now makes a version anew instead of taking this one.
  const { isMadeAgain } = await deps.registry.removeVersion(wanted);
  // By a training that has ended since the first look, after a removal that was interrupted.
  if (isMadeAgain) return { ...plan, objects: 0, bytes: 0 };
  for (const key of keys) await deps.lake.store.remove(key);
  return plan;
}
