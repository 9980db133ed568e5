/** Folders may be called as what DuckDB takes for a column and its value: rows are those of the files. */
import { join } from 'node:path';
import { loadPeople } from '../../../lakehouse/devices/aggregation/people';
import { DEFAULT_DUCKDB, rowsOf, withDuckdb } from '../../../lakehouse/engines/duckdb-session';
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

test.each([
  ['above them', 'lake'],
  ['in which the lake lies', 'user=nobody'],
])('lines hold their own fields, however the folder %s is called', async (_, called) => {
  const lake = newLake(join(folder.path(), called));
  const source = await writeFolder(folder.path(), {
    'accelerometer/user=somebody/readings.json': `${accelerometerLine('ann', DAY + 1)}\n`,
  });
  await ingestFormat(lake, 'stedi', { source, dataset: 'stedi' });
  const sql = 'SELECT "user" AS who FROM accelerometer_landing';
  expect((await query(lake, { sql })).rows).toEqual([{ who: emailOf('ann') }]);
});

test('who wears a device is whom the file names', async () => {
  const { store } = newLake(folder.path());
  const people = 'user_id=nobody/people.csv';
  await store.put(people, 'watch-1,ann,UTC,false\n');
  const rows = await withDuckdb({ store, options: DEFAULT_DUCKDB }, async (session) => {
    const days = { first: '2026-03-01', last: '2026-03-02' };
    await loadPeople(session, await store.localPath(people), days);
    return rowsOf(session, 'SELECT user_id FROM people');
  });
  expect(rows).toEqual([{ user_id: 'ann' }]);
});
