/** One SQL text, two engines, the same tables: by the hash of their content. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { appendFile, mkdir, mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { PROJECT_ROOT } from '../../core/project-root';
import type { Lake } from '../../lakehouse/lake';
import { openLake, withEngine } from '../../lakehouse/lake';
import { generateStedi } from '../../lakehouse/stedi/generator/generate';
import { ASSOCIATIONS, CONSENT_RULES } from '../../lakehouse/stedi/options';
import { contentOfTables } from '../support/content';
import {
  archiveFiles,
  ingestInto,
  refreshLake,
  temporaryFolder,
  writeZip,
} from '../support/recordings';
import { INSTALL_LIMIT_MS, describeSpark, testSpark } from '../support/spark';
import { ingestStedi, refreshStedi } from '../support/stedi';

const given = process.env.WATCHLAKE_STEDI_DATA ?? join(PROJECT_ROOT, '..', 'shared', 'data');
const archive = join(given, 'stedi.tar.xz');
const LIMIT_MS = 120_000;

/** What engines may well see differently: letters, spaces, numbers, whatever is empty. */
const EDGES: Record<string, readonly object[]> = {
  customer: [
    'İpek@example.com',
    'ΟΔΥΣΣΕΥΣ@example.com',
    'STRASSE@example.com',
    '\u00a0nbsp@example.com\u00a0',
    '\ttab@example.com\t',
    '  spaces@example.com  ',
    'quote"back\\slash@example.com',
    '🚶@example.com',
    'e\u0301@example.com',
    '_@_',
  ].map((email, at) => ({
    ...{ customerName: at % 2 ? '' : null, email, birthDay: '987-01-01' },
    serialNumber: `EDGE-${at}-É`,
    ...{ registrationDate: 1_655_000_000_000 + at, lastUpdateDate: 1_655_000_000_000 + at },
    ...(at === 3 ? {} : { shareWithResearchAsOfDate: 1_655_000_000_000 + at }),
  })),
  accelerometer: [
    ...['i̇pek@example.com', 'οδυσσευς@example.com', 'οδυσσευσ@example.com', 'straße@example.com'],
    ...['nbsp@example.com', 'tab@example.com', 'SPACES@example.com', ' 🚶@example.com', '_@_'],
    ...['é@example.com', 'QUOTE"BACK\\SLASH@EXAMPLE.COM', 'i̇pek@example.com '],
  ].map((user, at) => ({
    ...{ user, timestamp: 1_655_000_000_100 },
    ...{ x: [1e-7, -0.0, 0.1 + 0.2, 1e-300, 16, 16.000001][at % 6], y: at, z: -at / 3 },
  })),
  step_trainer: Array.from({ length: 10 }, (_, at) => ({
    ...{ sensorReadingTime: 1_655_000_000_100, serialNumber: ` edge-${at}-é` },
    distanceFromObject: [0, -0.0, 1e4, 10_000.5, -1e-9, 249.99999999999997][at % 6],
  })),
};

async function addEdges(source: string): Promise<void> {
  for (const [name, rows] of Object.entries(EDGES)) {
    const lines = rows.map((row) => `${JSON.stringify(row)}\n`).join('');
    await appendFile(join(source, name, `${name}-edges.json`), lines);
  }
}

const folder = temporaryFolder();

describeSpark('the same SQL on DuckDB and on Spark', () => {
  let lake: Lake;
  beforeAll(async () => {
    await testSpark().python();
    const uri = join(folder.path(), 'lake');
    // One lake for all: Spark need not be started again.
    lake = openLake({ uri, duckdb: { memoryLimit: '512MB' }, spark: testSpark() });
  }, INSTALL_LIMIT_MS);
  afterAll(() => lake.close());

  async function expectEqual(dataset: string): Promise<void> {
    for (const consent of CONSENT_RULES) {
      for (const association of ASSOCIATIONS) {
        const [duckdb, spark] = [withEngine(lake, 'duckdb'), withEngine(lake, 'spark')];
        const expected = await refreshStedi(duckdb, { consent, association }, dataset);
        const found = await refreshStedi(spark, { consent, association }, dataset);
        expect(Object.values(found).map(({ engine }) => engine)).toEqual(Array(5).fill('spark'));
        expect(await contentOfTables(lake, found)).toEqual(await contentOfTables(lake, expected));
      }
    }
  }

  test(
    'on generated data with every kind of trouble',
    async () => {
      const source = await mkdtemp(join(folder.path(), 'source-'));
      const troubled = { respelledShare: 0.3, coincidingShare: 0.3, outOfRangeShare: 0.005 };
      await generateStedi(source, { customers: 120, sharedSerials: 8, ...troubled });
      await addEdges(source);
      await ingestStedi(lake, { source, dataset: 'made' });
      await expectEqual('made');
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
      await expectEqual('stedi');
    },
    LIMIT_MS,
  );

  test(
    'on recordings of watches',
    async () => {
      const recordings = [{ recording: 'r1' }, { recording: 'r2', label: 'sitting' }];
      await ingestInto(lake, { source: await writeZip(folder.path(), archiveFiles(recordings)) });
      const expected = await refreshLake(lake);
      const found = await refreshLake(withEngine(lake, 'spark'));
      expect(await contentOfTables(lake, found)).toEqual(await contentOfTables(lake, expected));
    },
    LIMIT_MS,
  );
});
