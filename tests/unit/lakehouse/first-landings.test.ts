/** Two archives are planned before anything of their dataset has landed: the second has to go with the first. */
import { loadPlan } from '../../../lakehouse/landing/ingest-folder';
import { formatNamed } from '../../../lakehouse/formats';
import type { Lake } from '../../../lakehouse/lake';
import { query } from '../../../lakehouse/query';
import { openSource } from '../../../lakehouse/sources/open-source';
import { NOBODY } from '../../../lakehouse/suppression';
import {
  archiveFiles,
  newLake,
  refreshLake,
  SECRET,
  temporaryFolder,
  writeZip,
  type Files,
} from '../../support/recordings';

const folder = temporaryFolder();
const DATASET = 'watch';
const RECORDINGS = formatNamed('recordings');

/** All but publishing, which the function that is returned does. */
async function landing(lake: Lake, files: Files, secret = SECRET) {
  const source = await openSource(await writeZip(folder.path(), files));
  const request = { dataset: DATASET, source, secret, suppression: NOBODY };
  const { planKey, batches } = await RECORDINGS.openIngest(lake, request);
  const plan = await loadPlan(lake, planKey);
  for (let batch = 0; batch < batches; batch += 1) {
    await RECORDINGS.landBatch(lake, { ...request, plan, batch });
  }
  await source.close();
  return () => RECORDINGS.publishLanding(lake, plan, {});
}

const three = (recording: string): Files => archiveFiles([{ recording, subject: recording }]);
const two = (recording: string): Files => ({
  ...three(recording),
  'channels.csv': 'channel,unit\nax,g\nay,g\n',
});
const inOtherUnits = (recording: string): Files => ({
  ...three(recording),
  'channels.csv': 'channel,unit\nax,m/s2\nay,m/s2\naz,m/s2\n',
});

test.each([
  ['fewer channels', two, SECRET, 'CHANNELS_DIFFER'],
  ['other units', inOtherUnits, SECRET, 'CHANNELS_DIFFER'],
  ['another key of pseudonyms', three, 'another key', 'SUBJECT_KEY_CHANGED'],
])('one with %s is refused, and takes nothing away', async (_, files, secret, code) => {
  const lake = newLake(folder.path());
  const first = await landing(lake, three('r1'));
  const second = await landing(lake, files('r2'), secret);
  await first();
  await expect(second()).rejects.toMatchObject({ code, retryable: false });
  const sql = 'SELECT DISTINCT recording FROM recordings_landing WHERE az IS NOT NULL';
  expect((await query(lake, { sql })).rows).toEqual([{ recording: 'r1' }]);
  await refreshLake(lake);
});

test('one that goes with it is added', async () => {
  const lake = newLake(folder.path());
  const writers = [await landing(lake, three('r1')), await landing(lake, three('r2'))];
  for (const publish of writers) await publish();
  const sql = 'SELECT recording, count(*) AS n FROM recordings_landing GROUP BY 1 ORDER BY 1';
  expect((await query(lake, { sql })).rows).toEqual([
    { recording: 'r1', n: 500 },
    { recording: 'r2', n: 500 },
  ]);
});
