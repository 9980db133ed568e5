/** Publishing: a snapshot takes the place of the one that it was built on, and of no other. */
import * as fc from 'fast-check';
import { contentHash } from '../../../core/hash';
import type { Lake } from '../../../lakehouse/lake';
import type { SnapshotManifest } from '../../../lakehouse/manifest';
import { findBase, publishAgain, publishSnapshot } from '../../../lakehouse/published';
import { publishRelease, publishedVersions } from '../../../lakehouse/release';
import { ensureSnapshot } from '../../../lakehouse/snapshots';
import { column, declareTable } from '../../../lakehouse/tables';
import { newLake, temporaryFolder } from '../../support/recordings';
import { inTurns, seenInTurns, untilPublished } from '../../support/turns';

const folder = temporaryFolder();

const named = (name: string) =>
  declareTable({
    ...{ dataset: 'watch', name, zone: 'curated', comment: 'For tests' },
    columns: [column('id', 'string', 'Id')],
    ...{ key: ['id'], partitions: [], orderBy: ['id'], inputs: [], checks: [] },
    transform: { type: 'rows', recipe: 1 },
  });
const TABLE = named('things');
const OF = { dataset: 'watch', table: TABLE.name };

/** A snapshot that holds these: their names alone, in its facts. */
async function snapshotOf(lake: Lake, held: readonly string[], table = TABLE) {
  const { manifest } = await ensureSnapshot(lake, {
    table,
    inputs: { held: contentHash(held) },
    write: async () => ({
      ...{ rows: 0, inputRows: 0, usedRows: 0, quarantined: {}, dropped: {}, checked: [] },
      ...{ files: [], quarantineFiles: [], firstProblems: [], facts: { held } },
    }),
  });
  return manifest;
}

const heldBy = (manifest: SnapshotManifest | null) => (manifest?.facts.held ?? []) as string[];
const published = async (lake: Lake) => heldBy((await findBase(lake, OF)).before);

const conflict = { code: 'CATALOG_CONFLICT', retryable: true };

test('of two that were built on the same one is published, however late the other one looks', async () => {
  const lake = newLake(folder.path());
  const base = await findBase(lake, OF);
  await publishSnapshot(lake, await snapshotOf(lake, ['a']), base);
  const late = publishSnapshot(lake, await snapshotOf(lake, ['b']), base);
  await expect(late).rejects.toMatchObject(conflict);
  expect(await published(lake)).toEqual(['a']);
});

test('a writer that is tried again finds what it has published, and moves nothing', async () => {
  const lake = newLake(folder.path());
  const base = await findBase(lake, OF);
  const manifest = await snapshotOf(lake, ['a']);
  await publishSnapshot(lake, manifest, base);
  await publishSnapshot(lake, manifest, base);
  expect((await findBase(lake, OF)).version).toBe(1);
});

test('one that was stopped does not bring an old snapshot back', async () => {
  const lake = newLake(folder.path());
  const base = await findBase(lake, OF);
  const stopped = await snapshotOf(lake, ['a']);
  await publishSnapshot(lake, stopped, base);
  await publishSnapshot(lake, await snapshotOf(lake, ['a', 'b']), await findBase(lake, OF));
  await expect(publishSnapshot(lake, stopped, base)).rejects.toMatchObject(conflict);
  expect(await published(lake)).toEqual(['a', 'b']);
});

test('what is published again stays as it is, and whoever has built on it begins again', async () => {
  const lake = newLake(folder.path());
  const first = await findBase(lake, OF);
  await publishAgain(lake, OF, first);
  expect(await lake.catalog.pointer(OF)).toBeNull();
  await publishSnapshot(lake, await snapshotOf(lake, ['a']), first);
  const base = await findBase(lake, OF);
  await publishAgain(lake, OF, base);
  await expect(publishAgain(lake, OF, base)).rejects.toMatchObject(conflict);
  const late = publishSnapshot(lake, await snapshotOf(lake, ['a', 'b']), base);
  await expect(late).rejects.toMatchObject(conflict);
  expect(await published(lake)).toEqual(['a']);
});

test('a release of an old plan moves no pointer', async () => {
  const lake = newLake(folder.path());
  const replaces = await publishedVersions(lake, 'watch');
  const other = named('other');
  const snapshots = {
    other: (await snapshotOf(lake, ['old'], other)).snapshotId,
    things: (await snapshotOf(lake, ['old'])).snapshotId,
  };
  await publishSnapshot(lake, await snapshotOf(lake, ['new']), await findBase(lake, OF));
  const late = publishRelease(lake, { dataset: 'watch', snapshots, replaces });
  await expect(late).rejects.toMatchObject({ code: 'RELEASE_OUTDATED', retryable: false });
  expect(await lake.catalog.pointer({ dataset: 'watch', table: 'other' })).toBeNull();
  expect(await published(lake)).toEqual(['new']);
});

/** Adds its rows to what is there; leaves out those who are on the list when it begins. */
const adds = (own: Lake, rows: readonly string[], listed: ReadonlySet<string>) =>
  untilPublished(async () => {
    const base = await findBase(own, OF);
    const gone = new Set(listed);
    const fresh = rows.filter((row) => !gone.has(row) && !heldBy(base.before).includes(row));
    if (fresh.length === 0) return;
    await publishSnapshot(own, await snapshotOf(own, [...heldBy(base.before), ...fresh]), base);
  });

const erases = (own: Lake, row: string, listed: Set<string>) => {
  listed.add(row);
  return untilPublished(async () => {
    const base = await findBase(own, OF);
    const kept = heldBy(base.before).filter((each) => each !== row);
    if (kept.length === heldBy(base.before).length) return publishAgain(own, OF, base);
    await publishSnapshot(own, await snapshotOf(own, kept), base);
  });
};

const choices = fc.array(fc.nat({ max: 5 }), { minLength: 4, maxLength: 24 });

test('writers lose no row of each other, whoever comes in between', async () => {
  await fc.assert(
    fc.asyncProperty(choices, fc.integer({ min: 2, max: 3 }), async (turns, writers) => {
      const lake = newLake(folder.path());
      const all = Array.from({ length: writers }, (_, at) => [`${at}a`, `${at}b`]);
      const nobody = new Set<string>();
      await inTurns(
        turns,
        all.map((rows) => (turn) => adds(seenInTurns(lake, turn), rows, nobody)),
      );
      expect((await published(lake)).sort()).toEqual(all.flat());
    }),
    { numRuns: 12 },
  );
});

test('a person who was erased does not come back, and nobody else goes, whoever comes in between', async () => {
  await fc.assert(
    fc.asyncProperty(choices, fc.boolean(), async (turns, wasThere) => {
      const lake = newLake(folder.path());
      const listed = new Set<string>();
      await adds(lake, wasThere ? ['x', 'ann'] : ['x'], listed);
      await inTurns(turns, [
        (turn) => adds(seenInTurns(lake, turn), ['ann', 'y'], listed),
        async (turn) => {
          await turn();
          await erases(seenInTurns(lake, turn), 'ann', listed);
        },
        (turn) => adds(seenInTurns(lake, turn), ['z'], listed),
      ]);
      expect((await published(lake)).sort()).toEqual(['x', 'y', 'z']);
    }),
    { numRuns: 12 },
  );
});
