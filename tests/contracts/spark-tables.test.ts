/** One SQL text, two engines, the same tables: by the hash of their content. */
import { join } from 'node:path';
import type { Lake } from '../../lakehouse/lake';
import { openLake, withEngine } from '../../lakehouse/lake';
import type { SamplesFormatName } from '../../lakehouse/landing/descriptor';
import { DEFAULT_OPTIONS } from '../../lakehouse/stedi/options';
import { arwiseFile, arwiseWindows } from '../support/arwise';
import { casasFile, samples } from '../support/casas';
import { contentOfTables } from '../support/content';
import { edgyStedi, expectSameStedi } from '../support/edgy-stedi';
import { ingestFormat, refreshFormat } from '../support/format-runs';
import type { Files } from '../support/recordings';
import { archiveFiles, temporaryFolder, writeZip } from '../support/recordings';
import { INSTALL_LIMIT_MS, describeSpark, testSpark } from '../support/spark';
import { ingestStedi } from '../support/stedi';

// Seconds on a quiet machine.
const LIMIT_MS = 300_000;
const MORNING = Date.UTC(2024, 0, 12, 8);

const labelled = samples(MORNING, 400, (at) => ({
  ...(at % 97 === 0 ? { user_activity_label: at % 2 ? 'Cook' : "Kid's_Party" } : {}),
  ...(at % 40 === 5 ? { location_type: 'park', speed: at / 100, course: at } : {}),
  ...(at % 50 === 7 ? { yaw: '' } : {}),
}));

// What a cast of one engine reads as a number, and that of the other does not.
const SPELT: Files = {
  'recordings/r2.csv': [
    'timestamp_ms,ax,ay,az,label',
    ...['1_0', '1d', '1.5F', '0x1p3', ' 2 ', '\t3', '+4', '5.', '.6', '1e1', '1e-400', '1e400'].map(
      (text, at) => `${at * 20},${text},0,0,sitting`,
    ),
    '1_000,0,0,0,sitting',
    // Blanks that a plain TRIM of one engine takes away.
    ...['\u00a0', '\u2003', '\u3000', '\ufeff', '\t'].flatMap((blank, at) => [
      `${2000 + at * 40},0,0,0,${blank}sitting${blank}`,
      `${2020 + at * 40},${blank},${blank},${blank},${blank}`,
    ]),
    '',
  ].join('\n'),
};

const SAMPLES: { format: SamplesFormatName; files: Files }[] = [
  {
    format: 'recordings',
    files: {
      ...archiveFiles([{ recording: 'r1' }, { recording: 'r2', label: 'sitting' }]),
      ...SPELT,
    },
  },
  { format: 'casas', files: { 'sw1.p1.csv': casasFile(labelled) } },
  { format: 'arwise', files: { 'p1_train.csv': arwiseFile(arwiseWindows(MORNING, 4)) } },
];

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

  // The long variant has the other rules, and the public data.
  test(
    'on generated STEDI data with every kind of trouble',
    async () => {
      const source = await edgyStedi(folder.path(), 60);
      await ingestStedi(lake, { source, dataset: 'made' });
      const { customer_trusted: people } = await expectSameStedi(lake, 'made', DEFAULT_OPTIONS);
      expect(people?.dropped).toMatchObject({ 'consent-unclear': 6 });
    },
    LIMIT_MS,
  );

  test.each(SAMPLES)(
    'on samples of the format $format',
    async ({ format, files }) => {
      const source = await writeZip(folder.path(), files);
      await ingestFormat(lake, format, { source, dataset: format });
      const labelling = { activities: 'summed-up' as const };
      const request = { dataset: format, ...(format === 'recordings' ? {} : { labelling }) };
      const expected = await refreshFormat(lake, request);
      const found = await refreshFormat(withEngine(lake, 'spark'), request);
      expect(await contentOfTables(lake, found)).toEqual(await contentOfTables(lake, expected));
    },
    LIMIT_MS,
  );
});
