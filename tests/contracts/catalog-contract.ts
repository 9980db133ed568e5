/** What every catalogue must do; each adapter's test calls it. */
import type { Catalog, Release, TablePointer } from '../../lakehouse/ports';
import { column } from '../../lakehouse/tables';

const pointer = (changes: Partial<TablePointer> = {}): TablePointer => ({
  dataset: 'watch',
  table: 'windows',
  zone: 'curated',
  snapshotId: 's1',
  prefix: 'curated/watch/windows/s1/',
  columns: [column('window_id', 'string', 'Window')],
  publishedAt: '2024-01-01T00:00:00.000Z',
  ...changes,
});

const release = (releaseId: string): Release => ({
  formatVersion: 1,
  releaseId,
  dataset: 'watch',
  snapshots: { windows: `${releaseId}-windows` },
  publishedAt: '2024-01-01T00:00:00.000Z',
});

export function catalogContract(name: string, open: () => Promise<Catalog>): void {
  describe(`catalogue ${name}`, () => {
    let catalog: Catalog;
    beforeEach(async () => {
      catalog = await open();
    });

    test('points nowhere before the first publication', async () => {
      expect(await catalog.pointer({ dataset: 'watch', table: 'windows' })).toBeNull();
      expect(await catalog.list()).toEqual([]);
      expect(await catalog.releases({ dataset: 'watch' })).toEqual([]);
    });

    test('keeps its identity, which no other one has', async () => {
      const [one, same] = await Promise.all([catalog.identity(), catalog.identity()]);
      expect(one).toMatch(/^(file|glue):[0-9a-f-]{36}$/);
      expect(same).toBe(one);
      expect(await catalog.identity()).toBe(one);
      expect(await (await open()).identity()).not.toBe(one);
    });

    test('moves a pointer from the version that the publisher has seen', async () => {
      const first = await catalog.publish(pointer(), 0);
      const second = await catalog.publish(pointer({ snapshotId: 's2' }), first.version);
      expect(second.version).toBeGreaterThan(first.version);
      const found = await catalog.pointer({ dataset: 'watch', table: 'windows' });
      expect(found).toEqual({ ...pointer({ snapshotId: 's2' }), version: second.version });
    });

    test('refuses a publisher that has seen an older version', async () => {
      const first = await catalog.publish(pointer(), 0);
      await catalog.publish(pointer({ snapshotId: 's2' }), first.version);
      for (const seen of [0, first.version]) {
        await expect(catalog.publish(pointer({ snapshotId: 's3' }), seen)).rejects.toMatchObject({
          code: 'CATALOG_CONFLICT',
        });
      }
      const found = await catalog.pointer({ dataset: 'watch', table: 'windows' });
      expect(found?.snapshotId).toBe('s2');
    });

    test('of many publishers at once one wins', async () => {
      const results = await Promise.allSettled(
        ['a', 'b', 'c', 'd', 'e'].map((id) => catalog.publish(pointer({ snapshotId: id }), 0)),
      );
      const won = results.filter((result) => result.status === 'fulfilled');
      expect(won).toHaveLength(1);
      const found = await catalog.pointer({ dataset: 'watch', table: 'windows' });
      expect(found).toEqual(won[0]?.value);
    });

    test('still knows the newest after many moves', async () => {
      let version = 0;
      for (let move = 1; move <= 30; move += 1) {
        ({ version } = await catalog.publish(pointer({ snapshotId: `s${move}` }), version));
      }
      const found = await catalog.pointer({ dataset: 'watch', table: 'windows' });
      expect(found?.snapshotId).toBe('s30');
      await expect(catalog.publish(pointer(), 3)).rejects.toMatchObject({
        code: 'CATALOG_CONFLICT',
      });
    });

    test('lists all tables, or those of one dataset', async () => {
      await catalog.publish(pointer(), 0);
      await catalog.publish(pointer({ table: 'recordings_trusted' }), 0);
      await catalog.publish(pointer({ dataset: 'watch-2', snapshotId: 'x' }), 0);
      const named = async (of?: { dataset: string }) =>
        (await catalog.list(of)).map(({ dataset, table }) => `${dataset}/${table}`).sort();
      const own = ['watch/recordings_trusted', 'watch/windows'];
      expect(await named({ dataset: 'watch' })).toEqual(own);
      expect(await named()).toEqual(['watch-2/windows', ...own].sort());
    });

    test('forgets a table that is dropped, and no other; dropping it again changes nothing', async () => {
      const { version } = await catalog.publish(pointer(), 0);
      await catalog.publish(pointer({ snapshotId: 's2' }), version);
      await catalog.publish(pointer({ table: 'windows_b' }), 0);
      await catalog.publish(pointer({ dataset: 'watch-2' }), 0);
      const of = { dataset: 'watch', table: 'windows' };
      await catalog.drop(of);
      await catalog.drop(of);
      expect(await catalog.pointer(of)).toBeNull();
      const left = (await catalog.list()).map(({ dataset, table }) => `${dataset}/${table}`);
      expect(left.sort()).toEqual(['watch-2/windows', 'watch/windows_b']);
      // Whoever had built upon it does not bring it back.
      const late = catalog.publish(pointer({ snapshotId: 's3' }), version + 1);
      await expect(late).rejects.toMatchObject({ code: 'CATALOG_CONFLICT' });
      expect(await catalog.publish(pointer(), 0)).toMatchObject({ snapshotId: 's1' });
    });

    test('keeps releases, newest first; the newest again is not a new one', async () => {
      await catalog.addRelease(release('one'));
      await catalog.addRelease(release('two'));
      await catalog.addRelease({ ...release('two'), publishedAt: '2025-01-01T00:00:00.000Z' });
      expect(await catalog.releases({ dataset: 'watch' })).toEqual([
        release('two'),
        release('one'),
      ]);
      // To go back to an older state is a new release of it.
      await catalog.addRelease(release('one'));
      const ids = (await catalog.releases({ dataset: 'watch' })).map((each) => each.releaseId);
      expect(ids).toEqual(['one', 'two', 'one']);
    });

    test('loses no release when several are added at once', async () => {
      await Promise.all(['a', 'b', 'c', 'd'].map((id) => catalog.addRelease(release(id))));
      const ids = (await catalog.releases({ dataset: 'watch' })).map((each) => each.releaseId);
      expect(ids.sort()).toEqual(['a', 'b', 'c', 'd']);
    });
  });
}
