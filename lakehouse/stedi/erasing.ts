/** How a person is erased from datasets of the format `stedi`. */
import type { RefreshRequest } from '../dataset-format';
import type { ErasingFormat } from '../erasure/erasing-format';
import type { Lake } from '../lake';
import { findManifestOrNull } from '../snapshots';
import { recipeHash } from '../tables';
import { normal } from './fields';
import { findPerson } from './find-person';
import { ASSOCIATIONS, CONSENT_RULES, DEFAULT_OPTIONS } from './options';
import type { StediOptions } from './options';
import { declaredTables } from './refresh-plan';
import { rewriteLanding } from './rewrite-landing';

const CHOICES: readonly StediOptions[] = CONSENT_RULES.flatMap((consent) =>
  ASSOCIATIONS.map((association) => ({ ...DEFAULT_OPTIONS, consent, association })),
);

/** The options by which the published tables were made: their recipes tell. */
async function presentRefresh(lake: Lake, dataset: string): Promise<RefreshRequest | null> {
  const recipes = new Set<string>();
  for (const { name } of declaredTables({ dataset, options: DEFAULT_OPTIONS })) {
    const manifest = await findManifestOrNull(lake, { dataset, table: name });
    if (manifest !== null) recipes.add(manifest.recipeHash);
  }
  if (recipes.size === 0) return null;
  const matches = (options: StediOptions): number =>
    declaredTables({ dataset, options }).filter((table) => recipes.has(recipeHash(table))).length;
  const scored = CHOICES.map((options) => ({ options, score: matches(options) }));
  const best = scored.reduce((a, b) => (b.score > a.score ? b : a));
  return { dataset, options: best.options };
}

export const STEDI_ERASING: ErasingFormat = {
  identifierOf: normal,
  findPerson,
  rewriteLanding,
  presentRefresh,
};
