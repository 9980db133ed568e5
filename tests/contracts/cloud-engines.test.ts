/** One SQL text on DuckDB, on EMR and on Glue: equal tables, with Spark itself behind both emulators. */
import { randomUUID } from 'node:crypto';
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import type { EngineName } from '../../core/engine-names';
import { isCloudEngine } from '../../core/engine-names';
import { tableContentHash } from '../../lakehouse/content-hash';
import type { RefreshRequest } from '../../lakehouse/dataset-format';
import type { Lake } from '../../lakehouse/lake';
import { withEngine } from '../../lakehouse/lake';
import { LANDING_TABLE } from '../../lakehouse/landing/descriptor';
import { findManifest } from '../../lakehouse/snapshots';
import { generateStedi } from '../../lakehouse/stedi/generator/generate';
import { DEFAULT_OPTIONS } from '../../lakehouse/stedi/options';
import { column, declareTable } from '../../lakehouse/tables';
import { casasFile, samples } from '../support/casas';
import { contentOfTables } from '../support/content';
import { ingestFormat, refreshFormat } from '../support/format-runs';
import { useJobCloud } from '../support/jobs/cloud';
import { contextNamed } from '../support/jobs/made-table';
import { s3aJars } from '../support/jobs/spark-submit';
import { archiveFiles, ingestInto, temporaryFolder, writeZip } from '../support/recordings';
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

describeSpark('the same SQL on DuckDB, EMR and Glue', () => {
  const cloud = useJobCloud();
  beforeAll(async () => {
    await testSpark().python();
    await s3aJars();
  }, INSTALL_LIMIT_MS);

  /** The tables as this engine builds them, each in a lake of its own. */
  async function contentOn(engine: EngineName, fill: (lake: Lake) => Promise<RefreshRequest>) {
    const lake = await cloud.lake();
    const request = await fill(lake);
    const { dataset } = request;
    const session = randomUUID();
    const job = contextNamed(session);
    const built = await refreshFormat(withEngine(lake, engine), request, { job });
    if (isCloudEngine(engine)) await lake.endSession({ engine, dataset, session });
    expect(new Set(Object.values(built).map((each) => each.engine))).toEqual(new Set([engine]));
    return contentOfTables(lake, built);
  }

  /** Side by side: each Spark has one thread. */
  async function expectEqual(fill: (lake: Lake) => Promise<RefreshRequest>): Promise<void> {
    const [duckdb, emr, glue] = await Promise.all(
      (['duckdb', 'emr', 'glue'] as const).map((engine) => contentOn(engine, fill)),
    );
    expect(Object.keys(duckdb ?? {}).length).toBeGreaterThan(1);
    expect(emr).toEqual(duckdb);
    expect(glue).toEqual(duckdb);
  }

  test(
    'gives the same tables of STEDI, in S3 from the first to the last byte',
    async () => {
      const source = await mkdtemp(join(folder.path(), 'source-'));
      const troubled = { respelledShare: 0.3, coincidingShare: 0.3, outOfRangeShare: 0.01 };
      await generateStedi(source, { customers: 40, sharedSerials: 8, ...troubled });
      await expectEqual(async (lake) => {
        await ingestStedi(lake, { source });
        return { dataset: 'stedi', options: DEFAULT_OPTIONS };
      });
      const clusters = cloud.emr().clusters();
      expect(clusters).toHaveLength(1);
      expect(clusters[0]?.steps.map(({ state }) => state)).toEqual(Array(5).fill('COMPLETED'));
      const runs = cloud.glue().runs();
      expect(runs.map(({ state }) => state)).toEqual(Array(5).fill('SUCCEEDED'));
      expect(cloud.glue().jobs()).toHaveLength(1);
    },
    LIMIT_MS,
  );

  test(
    'gives the same tables of CASAS recordings',
    async () => {
      const start = Date.UTC(2021, 5, 1, 8);
      const rows = samples(start, 400, (at) => ({
        ...(at % 97 === 0 ? { user_activity_label: at % 2 ? 'Cook' : 'Walk' } : {}),
        ...(at % 40 === 5 ? { location_type: 'park', speed: at / 100, course: at } : {}),
        ...(at % 50 === 7 ? { yaw: '' } : {}),
      }));
      const files = { 'sw1.p1.csv': casasFile(rows), 'sw1.p2.csv': casasFile(rows) };
      const source = await writeZip(folder.path(), files);
      await expectEqual(async (lake) => {
        await ingestFormat(lake, 'casas', { source, dataset: 'wsu' });
        return { dataset: 'wsu' };
      });
    },
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
