/** What the generator says of its archives is what the tables come to hold. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { expectedFile, generateCasas } from '../../../../lakehouse/casas/generator/generate';
import type { GeneratorOptions } from '../../../../lakehouse/casas/generator/options';
import { query } from '../../../../lakehouse/query';
import { ingestFormat, refreshFormat } from '../../../support/format-runs';
import { newLake, temporaryFolder } from '../../../support/recordings';

const folder = temporaryFolder();
let made = 0;
const newArchive = (): string => join(folder.path(), `made-${(made += 1)}.zip`);

/** Every kind of trouble often enough to meet in a few minutes. */
const TROUBLED: Partial<GeneratorOptions> = {
  promptsPerHour: 40,
  malformedShare: 0.01,
  motionMissingShare: 0.01,
  motionIncompleteShare: 0.01,
  repeatedShare: 0.01,
  backwardsShare: 0.01,
};
const TRUSTED = 'recordings_trusted';

async function holdsFor(options: Partial<GeneratorOptions>): Promise<void> {
  const source = newArchive();
  const { lines, landing, trusted } = await generateCasas(source, options);
  const lake = newLake(folder.path());
  const landed = await ingestFormat(lake, 'casas', { source, dataset: 'made' });
  expect(landed).toMatchObject({ rows: landing.rows, quarantined: landing.quarantined });
  const [of = 0] = [landed.rows + Object.values(landing.quarantined).reduce((a, b) => a + b, 0)];
  expect(of).toBe(lines);
  const built = await refreshFormat(lake, { dataset: 'made' }, { only: [TRUSTED] });
  const { rows, quarantined, dropped } = built[TRUSTED] ?? {};
  const sql = `SELECT label, count(*) AS n, count(location_age_s) AS located,
      count(battery_state) AS charged FROM ${TRUSTED} GROUP BY label`;
  const found = (await query(lake, { sql })).rows;
  const sum = (name: string) => found.reduce((total, row) => total + Number(row[name]), 0);
  const labelled = found.filter(({ label }) => label !== null).map(({ label, n }) => [label, n]);
  expect({
    ...{ rows, quarantined, dropped, located: sum('located'), charged: sum('charged') },
    labelled: Object.fromEntries(labelled) as Record<string, number>,
  }).toEqual(trusted);
}

test('the counts that it works out are those of the tables, whatever the seed', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: 2 ** 31 - 1 }),
      fc.integer({ min: 1, max: 3 }),
      fc.double({ min: 0.02, max: 0.4, noNaN: true }),
      fc.boolean(),
      async (seed, participants, hours, dense) =>
        holdsFor({ ...TROUBLED, seed, participants, hours, dense }),
    ),
    { numRuns: 6 },
  );
}, 300_000);

test('the usual mixture, with charges and the hour that comes twice', async () => {
  await holdsFor({ participants: 3, hours: 1, seed: 3 });
}, 120_000);

test('each kind of trouble is there', async () => {
  const { landing, trusted } = await generateCasas(newArchive(), {
    ...TROUBLED,
    participants: 2,
    hours: 0.2,
  });
  expect(Object.keys(landing.quarantined).sort()).toEqual([
    'field-count',
    'field-missing',
    'moment-out-of-range',
    'not-utf-8',
    'quote-unclosed',
    'wrong-type',
  ]);
  expect(Object.keys(trusted.quarantined).sort()).toEqual([
    'motion-incomplete',
    'stamp-backwards',
    'stamp-repeated',
  ]);
  expect(trusted.dropped['motion-missing']).toBeGreaterThan(0);
  expect(Object.keys(trusted.labelled).length).toBeGreaterThan(1);
});

test('the same seed gives the same bytes, and the counts lie beside the archive', async () => {
  const [one, two, other] = [newArchive(), newArchive(), newArchive()];
  const options = { participants: 2, hours: 0.05 };
  const made = await generateCasas(one, options);
  await generateCasas(two, options);
  await generateCasas(other, { ...options, seed: 1 });
  expect(await readFile(one)).toEqual(await readFile(two));
  expect(await readFile(one)).not.toEqual(await readFile(other));
  expect(JSON.parse(await readFile(expectedFile(one), 'utf8'))).toEqual(made);
  expect(made.archiveBytes).toBe((await readFile(one)).length);
});

test('of two that make the same archive at once one is refused, and the archive stays', async () => {
  const archive = newArchive();
  const options = { participants: 1, hours: 0.05 };
  const done = await Promise.allSettled([1, 2].map(() => generateCasas(archive, options)));
  const refused = done.flatMap((each): unknown[] =>
    each.status === 'rejected' ? [each.reason] : [],
  );
  expect(refused).toEqual([expect.objectContaining({ code: 'TARGET_EXISTS' })]);
  const alone = newArchive();
  await generateCasas(alone, options);
  expect(await readFile(archive)).toEqual(await readFile(alone));
});

test('it overwrites nothing, and names an option that cannot be', async () => {
  const archive = newArchive();
  await generateCasas(archive, { participants: 1, hours: 0.01 });
  await expect(generateCasas(archive)).rejects.toMatchObject({ code: 'TARGET_EXISTS' });
  await expect(generateCasas(newArchive(), { malformedShare: 2 })).rejects.toMatchObject({
    context: { field: 'malformedShare' },
  });
  await expect(generateCasas(newArchive(), { participants: 1.5 })).rejects.toThrow('participants');
});
