/** One SQL text on DuckDB, on EMR and on Glue: equal tables, with Spark itself behind both emulators. */
import { randomUUID } from 'node:crypto';
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import type { EngineName } from '../../core/engine-names';
import { isCloudEngine } from '../../core/engine-names';
import { withEngine } from '../../lakehouse/lake';
import { generateStedi } from '../../lakehouse/stedi/generator/generate';
import { contentOfTables } from '../support/content';
import { useJobCloud } from '../support/jobs/cloud';
import { contextNamed } from '../support/jobs/made-table';
import { s3aJars } from '../support/jobs/spark-submit';
import { temporaryFolder } from '../support/recordings';
import { INSTALL_LIMIT_MS, describeSpark, testSpark } from '../support/spark';
import { ingestStedi, refreshStedi } from '../support/stedi';

const folder = temporaryFolder();
// Ten times Spark; on a busy machine each takes half a minute.
const LIMIT_MS = 900_000;

describeSpark('the same SQL on DuckDB, EMR and Glue', () => {
  const cloud = useJobCloud();
  beforeAll(async () => {
    await testSpark().python();
    await s3aJars();
  }, INSTALL_LIMIT_MS);

  test(
    'gives the same tables, in S3 from the first to the last byte',
    async () => {
      const source = await mkdtemp(join(folder.path(), 'source-'));
      const troubled = { respelledShare: 0.3, coincidingShare: 0.3, outOfRangeShare: 0.01 };
      await generateStedi(source, { customers: 40, sharedSerials: 8, ...troubled });
      const build = async (engine: EngineName) => {
        const lake = await cloud.lake();
        await ingestStedi(lake, { source });
        const session = randomUUID();
        const context = contextNamed(session);
        const built = await refreshStedi(withEngine(lake, engine), {}, 'stedi', context);
        if (isCloudEngine(engine)) await lake.endSession({ engine, dataset: 'stedi', session });
        expect(Object.values(built).map((each) => each.engine)).toEqual(Array(5).fill(engine));
        return contentOfTables(lake, built);
      };
      // Side by side: each Spark has one thread.
      const [duckdb, emr, glue] = await Promise.all([build('duckdb'), build('emr'), build('glue')]);
      expect(emr).toEqual(duckdb);
      expect(glue).toEqual(duckdb);
      const clusters = cloud.emr().clusters();
      expect(clusters).toHaveLength(1);
      expect(clusters[0]?.steps.map(({ state }) => state)).toEqual(Array(5).fill('COMPLETED'));
      const runs = cloud.glue().runs();
      expect(runs.map(({ state }) => state)).toEqual(Array(5).fill('SUCCEEDED'));
      expect(cloud.glue().jobs()).toHaveLength(1);
    },
    LIMIT_MS,
  );
});
