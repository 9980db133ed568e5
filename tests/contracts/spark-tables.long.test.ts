/** The long variant: every rule of STEDI's with every other, on generated and on the public data. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { PROJECT_ROOT } from '../../core/project-root';
import type { Lake } from '../../lakehouse/lake';
import { openLake } from '../../lakehouse/lake';
import { ASSOCIATIONS, CONSENT_RULES } from '../../lakehouse/stedi/options';
import { edgyStedi, expectSameStedi } from '../support/edgy-stedi';
import { temporaryFolder } from '../support/recordings';
import { INSTALL_LIMIT_MS, describeSpark, testSpark } from '../support/spark';
import { ingestStedi } from '../support/stedi';

const given = process.env.WATCHLAKE_STEDI_DATA ?? join(PROJECT_ROOT, '..', 'shared', 'data');
const archive = join(given, 'stedi.tar.xz');
const LIMIT_MS = 600_000;

const folder = temporaryFolder();

describeSpark('the same SQL on DuckDB and on Spark, by every rule', () => {
  let lake: Lake;
  beforeAll(async () => {
    await testSpark().python();
    const uri = join(folder.path(), 'lake');
    lake = openLake({ uri, duckdb: { memoryLimit: '512MB' }, spark: testSpark() });
  }, INSTALL_LIMIT_MS);
  afterAll(() => lake.close());

  async function expectSame(dataset: string): Promise<void> {
    for (const consent of CONSENT_RULES) {
      for (const association of ASSOCIATIONS) {
        await expectSameStedi(lake, dataset, { consent, association });
      }
    }
  }

  test(
    'on generated data with every kind of trouble',
    async () => {
      const source = await edgyStedi(folder.path(), 120);
      await ingestStedi(lake, { source, dataset: 'made' });
      await expectSame('made');
    },
    LIMIT_MS,
  );

  if (!existsSync(archive)) {
    process.stderr.write(`\nSKIPPED: Spark on the real STEDI data: there is no ${archive}\n`);
  }
  (existsSync(archive) ? test : test.skip)(
    'on the real data',
    async () => {
      const source = join(folder.path(), 'real');
      await mkdir(source);
      expect(spawnSync('tar', ['-xJf', archive, '-C', source]).status).toBe(0);
      await ingestStedi(lake, { source });
      await expectSame('stedi');
    },
    LIMIT_MS,
  );
});
