/** Folders may be called as what DuckDB takes for a column and its value: rows are those of the files. */
import { join } from 'node:path';
import { query } from '../../../lakehouse/query';
import { ingestFormat } from '../../support/format-runs';
import { accelerometerLine, DAY, emailOf } from '../../support/made-stedi';
import {
  archiveFiles,
  ingestInto,
  newLake,
  refreshLake,
  temporaryFolder,
  writeFolder,
  writeZip,
} from '../../support/recordings';

const folder = temporaryFolder();

test('a lake may lie in a folder that is called as a column and its value', async () => {
  const lake = newLake(join(folder.path(), 'device=elsewhere', 'label=nothing'));
  const archive = archiveFiles([{ recording: 'r1' }, { recording: 'r2' }]);
  await ingestInto(lake, { source: await writeZip(folder.path(), archive) });
  await refreshLake(lake);
  for (const table of ['recordings_landing', 'recordings_trusted', 'windows', 'window_features']) {
    const sql = `SELECT DISTINCT device, label FROM ${table} ORDER BY 1`;
    expect((await query(lake, { sql })).rows).toEqual([
      { device: 'watch-r1', label: 'walking' },
      { device: 'watch-r2', label: 'walking' },
    ]);
  }
});

test('lines hold their own fields, however the folder above them is called', async () => {
  const lake = newLake(folder.path());
  const source = await writeFolder(folder.path(), {
    'accelerometer/user=somebody/readings.json': `${accelerometerLine('ann', DAY + 1)}\n`,
  });
  await ingestFormat(lake, 'stedi', { source, dataset: 'stedi' });
  const sql = 'SELECT "user" AS who FROM accelerometer_landing';
  expect((await query(lake, { sql })).rows).toEqual([{ who: emailOf('ann') }]);
});
