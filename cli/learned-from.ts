/** Of which dataset a model is: it learns from one alone, and may predict on others. */
import { CHAMPION } from '../registry/aliases';
import type { CommandContext } from '../workers/connect';

/** The dataset that the champion has learned from; null without one. */
export async function learnedFrom(
  { registry }: Pick<CommandContext, 'registry'>,
  model: string,
): Promise<string | null> {
  const champion = await registry.getAlias({ model, alias: CHAMPION });
  if (champion === null) return null;
  const { card } = await registry.getVersion({ model, version: champion.version });
  return card.data.dataset;
}
