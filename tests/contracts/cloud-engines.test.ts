/** One SQL text on DuckDB, on EMR and on Glue: equal tables, with Spark itself behind both emulators. */
import { casasFile, samples } from '../support/casas';
import { ingestFormat } from '../support/format-runs';
import { useJobCloud } from '../support/jobs/cloud';
import { s3aJars } from '../support/jobs/spark-submit';
import { temporaryFolder, writeZip } from '../support/recordings';
import { expectSameTables } from '../support/same-tables';
import { INSTALL_LIMIT_MS, describeSpark, testSpark } from '../support/spark';

const folder = temporaryFolder();
// Four times Spark; on a busy machine each takes half a minute.
const LIMIT_MS = 600_000;

const rows = samples(Date.UTC(2021, 5, 1, 8), 400, (at) => ({
  ...(at % 97 === 0 ? { user_activity_label: at % 2 ? 'Cook' : 'Walk' } : {}),
  ...(at % 40 === 5 ? { location_type: 'park', speed: at / 100, course: at } : {}),
  ...(at % 50 === 7 ? { yaw: '' } : {}),
}));

describeSpark('the same SQL on DuckDB, EMR and Glue', () => {
  const cloud = useJobCloud();
  beforeAll(async () => {
    await testSpark().python();
    await s3aJars();
  }, INSTALL_LIMIT_MS);

  test(
    'gives the same tables, in S3 from the first to the last byte',
    async () => {
      const files = { 'sw1.p1.csv': casasFile(rows), 'sw1.p2.csv': casasFile(rows) };
      const source = await writeZip(folder.path(), files);
      await expectSameTables(['emr', 'glue'], cloud.lake, async (lake) => {
        await ingestFormat(lake, 'casas', { source, dataset: 'wsu' });
        return { dataset: 'wsu' };
      });
      const clusters = cloud.emr().clusters();
      expect(clusters).toHaveLength(1);
      const states = clusters[0]?.steps.map(({ state }) => state) ?? [];
      expect(new Set(states)).toEqual(new Set(['COMPLETED']));
      const runs = cloud.glue().runs();
      expect(runs.map(({ state }) => state)).toEqual(states.map(() => 'SUCCEEDED'));
      expect(cloud.glue().jobs()).toHaveLength(1);
      // It looks whether a zone is a file, and does without the answer.
      const isLook = (each: string): boolean => /^s3:GetObject \w+\/(trusted|curated)$/.test(each);
      expect(cloud.refused.filter((each) => !isLook(each))).toEqual([]);
    },
    LIMIT_MS,
  );
});
