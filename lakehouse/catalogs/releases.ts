/** The releases of a dataset as JSON objects in the store, whatever keeps the tables' pointers. */
import { WatchlakeError } from '../../core/errors';
import type { Catalog, Release, Store } from '../ports';
import { isTaken, numberedObjects } from './numbered-objects';

const RELEASES_KEPT = 100;
const ATTEMPTS = 20;

export const CATALOG_ROOT = 'catalog';

export function createReleases({
  store,
}: {
  store: Store;
}): Pick<Catalog, 'addRelease' | 'releases'> {
  const seriesOf = (dataset: string) =>
    numberedObjects<Release>(store, {
      folder: `${CATALOG_ROOT}/${dataset}/releases/`,
      kept: RELEASES_KEPT,
    });

  async function addRelease(release: Release): Promise<void> {
    const series = seriesOf(release.dataset);
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const last = await series.newest();
      if (last?.value.releaseId === release.releaseId) return;
      try {
        return await series.write((last?.number ?? 0) + 1, release);
      } catch (error) {
        // Another release took the number: this one comes after it.
        if (!isTaken(error)) throw error;
      }
    }
    throw new WatchlakeError('CATALOG_CONFLICT', { table: `releases of ${release.dataset}` });
  }

  return { addRelease, releases: ({ dataset }) => seriesOf(dataset).all() };
}
