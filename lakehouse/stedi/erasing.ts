/** How a person is erased from datasets of the format `stedi`. */
import type { RefreshRequest } from '../refresh-request';
import type { ErasingFormat } from '../erasure/erasing-format';
import type { Lake } from '../lake';
import { findManifestOrNull } from '../snapshots';
import { normal } from './fields';
import { findPerson } from './find-person';
import { DEFAULT_OPTIONS } from './options';
import { declaredTables, publishedOptions } from './refresh-plan';
import { rewriteLanding } from './rewrite-landing';

/** By the options of the published tables, whatever version of the product has made them. */
async function presentRefresh(lake: Lake, dataset: string): Promise<RefreshRequest | null> {
  for (const { name } of declaredTables({ dataset, options: DEFAULT_OPTIONS })) {
    const manifest = await findManifestOrNull(lake, { dataset, table: name });
    if (manifest !== null) return { dataset, options: await publishedOptions(lake, dataset) };
  }
  return null;
}

export const STEDI_ERASING: ErasingFormat = {
  identifierOf: normal,
  findPerson,
  rewriteLanding,
  presentRefresh,
};
