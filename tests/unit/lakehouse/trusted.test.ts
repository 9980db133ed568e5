/** recordings_trusted: every rejected row has a reason, a place and its text; the rest is typed. */
import type { Lake } from '../../../lakehouse/lake';
import { query } from '../../../lakehouse/query';
import {
  archiveFiles,
  ingestInto,
  newLake,
  refreshLake,
  temporaryFolder,
  writeZip,
} from '../../support/recordings';

const folder = temporaryFolder();

const HEADER = 'timestamp_ms,ax,ay,az,label';

async function trustedOf(lines: readonly string[], header = HEADER) {
  const lake: Lake = newLake(folder.path());
  const csv = `${[header, ...lines].join('\n')}\n`;
  const files = { ...archiveFiles([{ recording: 'r1' }]), 'recordings/r1.csv': csv };
  await ingestInto(lake, { source: await writeZip(folder.path(), files) });
  const built = await refreshLake(lake);
  return { lake, manifest: built.recordings_trusted, built };
}

const reasons: [string, string, string][] = [
  ['a text in a channel', '20,one,0,0,walking', 'channel-not-a-number'],
  ['not a number, written so', '20,nan,0,0,walking', 'channel-not-a-number'],
  ['infinity', '20,0,inf,0,walking', 'channel-not-a-number'],
  // Each is a number to one engine or another.
  ['a number with an underscore', '20,1_0,0,0,walking', 'channel-not-a-number'],
  ['a number with a suffix', '20,0,1d,0,walking', 'channel-not-a-number'],
  ['a hexadecimal number', '20,0,0,0x1p3,walking', 'channel-not-a-number'],
  ['an empty channel', '20,0,,0,walking', 'channel-missing'],
  ['a channel of blanks', '20,0,  ,0,walking', 'channel-missing'],
  ['a value above its range', '20,0,0,16.1,walking', 'out-of-range'],
  ['a value below its range', '20,-17,0,0,walking', 'out-of-range'],
  ['an empty time', ',0,0,0,walking', 'timestamp-missing'],
  ['a date for a time', '2024-01-01,0,0,0,walking', 'timestamp-not-a-number'],
  ['a time with an underscore', '2_0,0,0,0,walking', 'timestamp-not-a-number'],
  ['an endless time', 'inf,0,0,0,walking', 'timestamp-not-a-number'],
  ['a time before the last', '-20,0,0,0,walking', 'timestamp-backwards'],
  ['the last time again', '0,0,0,0,walking', 'timestamp-repeated'],
];

describe('quarantines', () => {
  let rejected: Record<string, unknown>[];
  let kept: Record<string, unknown>[];

  beforeAll(async () => {
    const lake = newLake(folder.path());
    const files = archiveFiles(reasons.map((_, index) => ({ recording: `r${index}` })));
    reasons.forEach(([, line], index) => {
      const lines = [HEADER, '0,0,0,0,walking', line, '40,0,0,0,walking', ''];
      files[`recordings/r${index}.csv`] = lines.join('\n');
    });
    await ingestInto(lake, { source: await writeZip(folder.path(), files) });
    await refreshLake(lake);
    rejected = (await query(lake, { sql: 'SELECT * FROM recordings_trusted_quarantine' })).rows;
    const counts = 'SELECT recording, count(*) AS n FROM recordings_trusted GROUP BY 1';
    kept = (await query(lake, { sql: counts })).rows;
  });

  test.each(reasons)('%s', (name, _line, reason) => {
    const recording = `r${reasons.findIndex(([each]) => each === name)}`;
    const file = `recordings/${recording}.csv`;
    const found = rejected.filter(({ source_file: source }) => source === file);
    expect(found).toMatchObject([{ reason, source_line: 3 }]);
    expect(kept).toContainEqual({ recording, n: 2 });
  });
});

test('a value without limits of its own that no sensor has is out of range, and the refresh goes on', async () => {
  const lake: Lake = newLake(folder.path());
  const files = archiveFiles([{ recording: 'r1' }]);
  const lines = String(files['recordings/r1.csv']).split('\n');
  lines[10] = String(lines[10]).replace(/^([^,]+),[^,]*,[^,]*/, '$1,1e39,-1e39');
  lines[11] = String(lines[11]).replace(/^([^,]+),[^,]*/, '$1,-1e17');
  const unbounded = {
    'recordings/r1.csv': lines.join('\n'),
    'channels.csv': 'channel,unit\nax,g\nay,g\naz,g\n',
  };
  await ingestInto(lake, { source: await writeZip(folder.path(), { ...files, ...unbounded }) });
  const { recordings_trusted: trusted, window_features: features } = await refreshLake(lake);
  expect(trusted?.quarantined).toEqual({ 'out-of-range': 1 });
  expect(trusted?.firstProblems).toEqual(['recordings/r1.csv, line 11: out-of-range (ax)']);
  expect(features?.rows).toBeGreaterThan(0);
});

test('a row without any value is dropped by name, not quarantined', async () => {
  const { manifest } = await trustedOf(['0,0,0,0,walking', '20,,,,walking', '40,0,0,0,walking']);
  expect(manifest).toMatchObject({
    rows: 2,
    quarantined: {},
    dropped: { 'all-channels-empty': 1 },
  });
});

test('every row is in the table, in the quarantine or dropped', async () => {
  const { manifest } = await trustedOf([
    '0,0,0,0,walking',
    '20,x,0,0,walking',
    '40,,,,walking',
    '30,0,0,0,walking',
    '60,99,0,0,walking',
    '80,0,0,0,walking',
  ]);
  expect(manifest?.inputRows).toBe(6);
  expect(manifest?.usedRows).toBe(2);
  expect(manifest?.checks.every(({ offending }) => offending === 0)).toBe(true);
  expect(manifest?.checks.map(({ name }) => name)).toContain('balance');
});

test('after a time far ahead the rows before it are backwards, and time still increases', async () => {
  const { lake, manifest } = await trustedOf([
    '0,0,0,0,walking',
    '900,0,0,0,walking',
    '20,0,0,0,walking',
    '40,0,0,0,walking',
    '920,0,0,0,walking',
  ]);
  expect(manifest?.quarantined).toEqual({ 'timestamp-backwards': 2 });
  const { rows } = await query(lake, { sql: 'SELECT timestamp_ms FROM recordings_trusted' });
  expect(rows.map(({ timestamp_ms: ms }) => ms)).toEqual([0, 900, 920]);
});

test('the quarantine keeps the reason, the place and the text of the row', async () => {
  const { lake } = await trustedOf(['0,0,0,0,walking', '20,1,"two, at least",0,walking']);
  const { rows } = await query(lake, { sql: 'SELECT * FROM recordings_trusted_quarantine' });
  expect(rows).toMatchObject([
    {
      reason: 'channel-not-a-number',
      detail: 'ay',
      source_file: 'recordings/r1.csv',
      source_line: 3,
    },
  ]);
  expect(JSON.parse(String(rows[0]?.raw))).toMatchObject({ ay: 'two, at least', ax: '1' });
});

test('a recording without labels is kept, its labels are null', async () => {
  const { lake } = await trustedOf(['0,0,0,0', '20.5,0,0,0'], 'timestamp_ms,ax,ay,az');
  const { rows } = await query(lake, { sql: 'SELECT timestamp_ms, label FROM recordings_trusted' });
  expect(rows).toEqual([
    { timestamp_ms: 0, label: null },
    { timestamp_ms: 20.5, label: null },
  ]);
});

test('a table of which no row is left is published empty, and so are those built from it', async () => {
  const { lake, built } = await trustedOf(['x,0,0,0,walking', 'y,0,0,0,walking']);
  expect(Object.values(built).map(({ rows }) => rows)).toEqual([0, 0, 0]);
  const { rows } = await query(lake, { sql: 'SELECT count(*) AS n FROM window_features' });
  expect(rows).toEqual([{ n: 0 }]);
});
