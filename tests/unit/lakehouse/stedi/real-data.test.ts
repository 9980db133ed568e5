/** The public STEDI data give the row counts that others have published. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { PROJECT_ROOT } from '../../../../core/project-root';
import type { Lake } from '../../../../lakehouse/lake';
import { query } from '../../../../lakehouse/query';
import type { StediOptions } from '../../../../lakehouse/stedi/options';
import { newLake, temporaryFolder } from '../../../support/recordings';
import { ingestStedi, refreshStedi, rowsOfTables } from '../../../support/stedi';

const given = process.env.WATCHLAKE_STEDI_DATA ?? join(PROJECT_ROOT, '..', 'shared', 'data');
const archive = join(given, 'stedi.tar.xz');
const present = existsSync(archive);
const folder = temporaryFolder();
let lake: Lake;

if (!present) {
  process.stderr.write(
    `\nNOT TESTED: the published counts of the STEDI data. ${archive} is missing; set WATCHLAKE_STEDI_DATA to its folder.\n\n`,
  );
}
const whenPresent = present ? test : test.skip;

beforeAll(async () => {
  if (!present) return;
  const source = join(folder.path(), 'source');
  await mkdir(source);
  const { status, stderr } = spawnSync('tar', ['-xJf', archive, '-C', source]);
  if (status !== 0) throw new Error(`tar: ${stderr.toString()}`);
  lake = newLake(folder.path());
  await ingestStedi(lake, { source });
});

whenPresent('every line lands', async () => {
  const tables = ['customer_landing', 'accelerometer_landing', 'step_trainer_landing'];
  const pointers = await lake.catalog.list({ dataset: 'stedi' });
  expect(pointers.map(({ table }) => table).sort()).toEqual([...tables].sort());
  const counts = tables.map((name) => `(SELECT count(*) FROM ${name}) AS ${name}`);
  const { rows } = await query(lake, { sql: `SELECT ${counts.join(', ')}` });
  expect(Object.values(rows[0] ?? {})).toEqual([956, 81_273, 28_680]);
});

const PUBLISHED: [StediOptions['consent'], StediOptions['association'], number[]][] = [
  ['any', 'timestamp', [482, 40_981, 482, 14_460, 43_681]],
  ['any', 'person', [482, 40_981, 482, 14_460, 40_981]],
  ['from-date', 'timestamp', [482, 32_025, 464, 11_297, 34_253]],
  ['from-date', 'person', [482, 32_025, 464, 11_297, 32_025]],
];

whenPresent.each(PUBLISHED)('consent %s, association %s', async (consent, association, counts) => {
  const built = await refreshStedi(lake, { consent, association });
  expect(rowsOfTables(built)).toEqual(counts);
});
