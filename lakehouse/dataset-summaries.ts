/** What a lake holds, one line for each dataset. */
import { datasetsOf } from './datasets';
import type { Lake } from './lake';
import { readManifest } from './read-manifest';
import type { VersionedPointer } from './ports';
import { isBeingRemoved } from './removal';

export interface DatasetSummary {
  readonly dataset: string;
  /** Published ones. */
  readonly tables: number;
  /** In its landing tables, as they came. */
  readonly landedRows: number;
  readonly publishedAt: string | null;
  /** A removal has begun and was interrupted. */
  readonly isBeingRemoved: boolean;
}

async function landedRows({ store }: Lake, pointers: readonly VersionedPointer[]): Promise<number> {
  const landing = pointers.filter(({ zone }) => zone === 'landing');
  const manifests = await Promise.all(landing.map(({ prefix }) => readManifest(store, prefix)));
  return manifests.reduce((sum, manifest) => sum + (manifest?.rows ?? 0), 0);
}

/** By their names; also those of which nothing is published yet. */
export async function datasetSummaries(lake: Lake): Promise<DatasetSummary[]> {
  const pointers = await lake.catalog.list();
  const summaries: DatasetSummary[] = [];
  for (const dataset of await datasetsOf(lake)) {
    const own = pointers.filter((each) => each.dataset === dataset);
    summaries.push({
      ...{ dataset, tables: own.length, landedRows: await landedRows(lake, own) },
      publishedAt:
        own
          .map((each) => each.publishedAt)
          .sort()
          .at(-1) ?? null,
      isBeingRemoved: await isBeingRemoved(lake, dataset),
    });
  }
  return summaries;
}
