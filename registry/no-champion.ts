/** What is said of a model that has no champion: which ones have one. */
import { WatchlakeError } from '../core/errors';
import { fewOf } from '../core/few-of';
import { CHAMPION } from './aliases';
import type { Registry } from './registry';

/** NO_CHAMPION, to be thrown: a forgotten or mistyped `--model` is the usual cause. */
export async function noChampion(
  registry: Pick<Registry, 'listModels'>,
  model: string,
): Promise<WatchlakeError> {
  const models = await registry.listModels();
  const known = models.filter(({ aliases }) => CHAMPION in aliases).map((each) => each.model);
  return new WatchlakeError('NO_CHAMPION', { model, known: fewOf(known) });
}
