/** The long variant: every format, made and real, on every engine, and partitions under their own names. */
import { randomUUID } from 'node:crypto';
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { generateCasas } from '../../lakehouse/casas/generator/generate';
import { tableContentHash } from '../support/content-hash';
import { withEngine } from '../../lakehouse/lake';
import { LANDING_TABLE } from '../../lakehouse/landing/descriptor';
import { findManifest } from '../../lakehouse/snapshots';
import { generateStedi } from '../../lakehouse/stedi/generator/generate';
import { DEFAULT_OPTIONS } from '../../lakehouse/stedi/options';
import { column, declareTable } from '../../lakehouse/tables';
import { arwiseFile, arwiseWindows, realArwise, whenRealArwise } from '../support/arwise';
import { ingestFormat } from '../support/format-runs';
import { useJobCloud } from '../support/jobs/cloud';
import { contextNamed } from '../support/jobs/made-table';
import { s3aJars } from '../support/jobs/spark-submit';
import { archiveFiles, ingestInto, temporaryFolder, writeZip } from '../support/recordings';
import { expectSameTables } from '../support/same-tables';
import { INSTALL_LIMIT_MS, describeSpark, testSpark } from '../support/spark';
import { ingestStedi } from '../support/stedi';

const PARTITIONED = declareTable({
  ...{ dataset: 'watch', name: 'partitioned', zone: 'trusted', comment: 'For tests' },
  columns: [
    column('recording', 'string', 'Recording'),
    column('device', 'string', 'Device'),
    column('timestamp_ms', 'string', 'Moment'),
  ],
  ...{ key: [], partitions: ['recording', 'device'], orderBy: ['timestamp_ms'] },
  inputs: [LANDING_TABLE],
  transform: {
    type: 'set' as const,
    sql: `SELECT l.recording, l.device, l.timestamp_ms FROM ${LANDING_TABLE} l`,
    balanceSql: `SELECT CAST(NULL AS STRING) AS reason, COUNT(*) AS driving_rows FROM ${LANDING_TABLE}`,
  },
  checks: [],
});

const folder = temporaryFolder();
// Ten times Spark; on a busy machine each takes half a minute.
const LIMIT_MS = 900_000;
const ENGINES = ['spark', 'emr', 'glue'] as const;
const whenReal = whenRealArwise("ArWISE's own files on every engine");

describeSpark('the same SQL on DuckDB, Spark, EMR and Glue', () => {
  const cloud = useJobCloud();
  beforeAll(async () => {
    await testSpark().python();
    await s3aJars();
  }, INSTALL_LIMIT_MS);

  const sameOfFormat = (format: 'casas' | 'arwise', source: string) =>
    expectSameTables(ENGINES, cloud.lake, async (lake) => {
      await ingestFormat(lake, format, { source, dataset: 'wsu' });
      return { dataset: 'wsu', labelling: { activities: 'summed-up' } };
    });

  test(
    'gives the same tables of STEDI',
    async () => {
      const source = await mkdtemp(join(folder.path(), 'source-'));
      const troubled = { respelledShare: 0.3, coincidingShare: 0.3, outOfRangeShare: 0.01 };
      await generateStedi(source, { customers: 40, sharedSerials: 8, ...troubled });
      await expectSameTables(ENGINES, cloud.lake, async (lake) => {
        await ingestStedi(lake, { source });
        return { dataset: 'stedi', options: DEFAULT_OPTIONS };
      });
    },
    LIMIT_MS,
  );

  test(
    'gives the same tables of a made CASAS archive',
    async () => {
      const archive = join(folder.path(), 'made.zip');
      await generateCasas(archive, { participants: 3, hours: 0.1, promptsPerHour: 30 });
      await sameOfFormat('casas', archive);
    },
    LIMIT_MS,
  );

  test(
    'gives the same tables of made window files',
    async () => {
      const windows = arwiseWindows(Date.UTC(2024, 0, 12));
      const files = { 'p1_train.csv': arwiseFile(windows), 'p2.csv': arwiseFile(windows) };
      await sameOfFormat('arwise', await writeZip(folder.path(), files));
    },
    LIMIT_MS,
  );

  whenReal(
    "gives the same tables of ArWISE's own window files",
    async () => sameOfFormat('arwise', await realArwise(folder.path())),
    LIMIT_MS,
  );

  test(
    'writes partitions under their own names',
    async () => {
      const lake = await cloud.lake();
      const source = await writeZip(
        folder.path(),
        archiveFiles([{ recording: 'r1' }, { recording: 'r2' }]),
      );
      await ingestInto(lake, { source });
      const landing = await findManifest(lake, { dataset: 'watch', table: LANDING_TABLE });
      const prefix = 'trusted/watch/partitioned/0123456789abcdef/';
      const request = { table: PARTITIONED, inputs: { [LANDING_TABLE]: landing }, prefix };
      const session = randomUUID();
      const emr = withEngine(lake, 'emr').engine;
      const { files, rows } = await emr.build({ ...request, job: contextNamed(session) });
      await lake.endSession({ engine: 'emr', dataset: 'watch', session });
      const folders = files.map(({ key }) => key.split('/').slice(-3, -1).join('/'));
      expect([...new Set(folders)].sort()).toEqual([
        'recording=r1/device=watch-r1',
        'recording=r2/device=watch-r2',
      ]);
      expect(rows).toBe(landing.rows);
      const { columns } = PARTITIONED;
      const content = await tableContentHash(lake, { columns, files });
      const expected = await tableContentHash(lake, { columns, files: landing.files });
      expect(content).toBe(expected);
    },
    LIMIT_MS,
  );
});
