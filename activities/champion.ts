/** The version that is champion now, with its card; training and the gate both start from it. */
import { WatchlakeError } from '../core/errors';
import { CHAMPION } from '../registry/aliases';
import type { Registry } from '../registry/registry';
import type { ModelVersion } from '../registry/versions';

/** Null when the model has no champion yet. */
export async function championOf(registry: Registry, model: string): Promise<ModelVersion | null> {
  const alias = await registry.getAlias({ model, alias: CHAMPION });
  return alias === null ? null : registry.getVersion({ model, version: alias.version });
}

/** Throws NO_CHAMPION. */
export async function requireChampion(registry: Registry, model: string): Promise<ModelVersion> {
  const champion = await championOf(registry, model);
  if (champion === null) throw new WatchlakeError('NO_CHAMPION', { model });
  return champion;
}
