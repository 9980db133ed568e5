/** Landing of devices' events: each once, in its own date, and nothing lost in silence. */
import { stat } from 'node:fs/promises';
import { dateOf } from '../../../../lakehouse/devices/date-files';
import { lateBefore } from '../../../../lakehouse/devices/land-events';
import { deviceFacts } from '../../../../lakehouse/devices/landing-facts';
import { rejectedMessages } from '../../../../lakehouse/devices/rejected-messages';
import type { Lake } from '../../../../lakehouse/lake';
import type { SnapshotManifest } from '../../../../lakehouse/manifest';
import { query } from '../../../../lakehouse/query';
import { listQuarantine, showQuarantine } from '../../../../lakehouse/read-quarantine';
import { vacuum } from '../../../../lakehouse/vacuum';
import { FakeTopic, landAll, presentEvents } from '../../../support/device-events';
import { newLake, temporaryFolder } from '../../../support/recordings';

const folder = temporaryFolder();

const runOf = (manifest: SnapshotManifest) => deviceFacts(manifest).run;

async function rowsOf(lake: Lake, sql: string) {
  return (await query(lake, { sql, dataset: 'devices' })).rows;
}

/** Identity of the files of each date: a file that was taken over keeps it. */
async function filesByDate(lake: Lake, manifest: SnapshotManifest) {
  const found = new Map<string, number>();
  for (const file of manifest.files) {
    found.set(dateOf(file), (await stat(await lake.store.localPath(file.key))).ino);
  }
  return found;
}

test('both spellings land in one form, with what nobody declared kept aside', async () => {
  const lake = newLake(folder.path());
  const topic = new FakeTopic().add(
    { at: '2026-03-01T10:00:00Z', hr: 61.5, steps: 12, state: 'Light Sleep', sequence: 7 },
    '{"Device ID":"watch-2","date":"2026-03-01 10:00:00.250","Heart Rate":70,"battery":{"percent":80}}',
  );
  await landAll(lake, topic);
  expect(
    await rowsOf(
      lake,
      'SELECT * EXCLUDE (event_id, kafka_partition, received_at) FROM device_events',
    ),
  ).toEqual([
    {
      ...{ device_id: 'watch-1', timestamp_ms: 1772359200000, event_date: '2026-03-01' },
      ...{ heart_rate: 61.5, steps: 12, state: 'Light Sleep', asleep: true, sequence: 7 },
      ...{ extra: null, kafka_offset: 0 },
    },
    {
      ...{ device_id: 'watch-2', timestamp_ms: 1772359200250, event_date: '2026-03-01' },
      ...{ heart_rate: 70, steps: null, state: null, asleep: null, sequence: null },
      ...{ extra: '{"battery":{"percent":80}}', kafka_offset: 1 },
    },
  ]);
});

test('an event that comes again is counted, in the same run and in a later one', async () => {
  const lake = newLake(folder.path());
  const event = { at: '2026-03-01T10:00:00Z', hr: 60 };
  const other = '{"Device ID":"watch-1","date":"2026-03-01 10:00:00.000","Heart Rate":60}';
  const topic = new FakeTopic().add(event, event, { ...event, hr: 61 });
  expect(runOf(await landAll(lake, topic))).toMatchObject({ messages: 3, rows: 2, duplicates: 1 });
  const before = await presentEvents(lake);
  topic.add(other, event);
  const after = await landAll(lake, topic);
  expect(runOf(after)).toMatchObject({ messages: 2, rows: 0, duplicates: 2, dates: [] });
  expect(after).toMatchObject({ rows: 2, inputRows: 5, dropped: { duplicate: 3 } });
  // Nothing was new: not a file was written.
  expect(await filesByDate(lake, after)).toEqual(await filesByDate(lake, before!));
});

test('only the dates with new events are written anew, each in one file in order', async () => {
  const lake = newLake(folder.path());
  const topic = new FakeTopic().add(
    { at: '2026-03-01T10:00:00Z', device: 'b' },
    { at: '2026-03-02T10:00:00Z', device: 'b' },
    { at: '2026-03-03T10:00:00Z', device: 'b' },
  );
  const first = await landAll(lake, topic);
  topic.add(
    { at: '2026-03-02T11:00:00Z', device: 'b' },
    { at: '2026-03-02T12:00:00Z', device: 'a' },
  );
  const second = await landAll(lake, topic);
  expect(second.files.map(dateOf).toSorted()).toEqual(['2026-03-01', '2026-03-02', '2026-03-03']);
  const [before, after] = [await filesByDate(lake, first), await filesByDate(lake, second)];
  expect(after.get('2026-03-01')).toBe(before.get('2026-03-01'));
  expect(after.get('2026-03-03')).toBe(before.get('2026-03-03'));
  expect(after.get('2026-03-02')).not.toBe(before.get('2026-03-02'));
  const { dates } = deviceFacts(second);
  expect(dates['2026-03-01']?.content).toBe(first.snapshotId);
  expect(dates['2026-03-02']).toEqual({ rows: 3, content: second.snapshotId });
  const sql = `SELECT device_id, timestamp_ms FROM device_events WHERE event_date = '2026-03-02'`;
  expect((await rowsOf(lake, sql)).map(({ device_id }) => device_id)).toEqual(['a', 'b', 'b']);
});

test('what the earlier snapshot has written stays when it goes', async () => {
  const lake = newLake(folder.path());
  const topic = new FakeTopic().add({ at: '2026-03-01T10:00:00Z' }, { at: '2026-03-02T10:00:00Z' });
  await landAll(lake, topic);
  await landAll(lake, topic.add({ at: '2026-03-02T11:00:00Z' }, 'no json'));
  const request = { dataset: 'devices', dryRun: false, keepSnapshotIds: [], graceMs: 0 };
  const { removed } = await vacuum(lake, request);
  expect(removed).toHaveLength(1);
  expect(await rowsOf(lake, 'SELECT count(*) AS n FROM device_events')).toEqual([{ n: 3 }]);
  expect(await listQuarantine(lake)).toEqual([
    { dataset: 'devices', table: 'device_events', reason: 'not-json', rows: 1 },
  ]);
});

test('messages that are no events go to quarantine by reason, as they came', async () => {
  const lake = newLake(folder.path());
  const bytes = Buffer.from([0xff, 0x00, 0x80]);
  const topic = new FakeTopic().add(
    { at: '2026-03-01T10:00:00Z' },
    ...['{"half', '[]', '{"device_id":"x"}', '{"timestamp":1772359200}'],
    ...[bytes, null],
    '{"device_id":"x","timestamp":1772359200,"hr":"fast"}',
    '{"device_id":"x","timestamp":1772359200,"hr":60,"Heart Rate":61}',
  );
  const manifest = await landAll(lake, topic);
  const reasons = {
    ...{ 'not-json': 1, 'not-an-object': 1, 'missing-time': 1, 'missing-device': 1 },
    ...{ 'not-utf-8': 1, empty: 1, 'wrong-type': 1, 'conflicting-fields': 1 },
  };
  expect(manifest).toMatchObject({ inputRows: 9, usedRows: 1, quarantined: reasons });
  const request = { dataset: 'devices', table: 'device_events', maximumRows: 3, withRaw: true };
  const { rows, truncated } = await showQuarantine(lake, request);
  expect(truncated).toBe(true);
  expect(rows[0]).toEqual({
    ...{ reason: 'not-json', detail: null, file: 'events_topic/0', line: 1 },
    raw: '{"key":"watch-1","headers":{},"value":"{\\"half"}',
  });
  const letters = [];
  for await (const each of rejectedMessages(lake, manifest)) letters.push(each);
  expect(letters.map(({ offset }) => offset)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  expect(letters.map(({ value }) => value)).toEqual(
    topic.messages.slice(1).map(({ value }) => value),
  );
});

test('rejected messages of many runs lie in few files, and only the last run sends its letters', async () => {
  const lake = newLake(folder.path());
  const topic = new FakeTopic();
  let manifest = await landAll(lake, topic.add('first'));
  for (let run = 2; run <= 20; run += 1) manifest = await landAll(lake, topic.add(`run ${run}`));
  expect(manifest.quarantined).toEqual({ 'not-json': 20 });
  expect(manifest.quarantineFiles.length).toBeLessThan(17);
  expect(manifest.quarantineFiles.reduce((sum, { rows }) => sum + rows, 0)).toBe(20);
  const lettersOf = async (of: SnapshotManifest) => {
    const letters = [];
    for await (const { offset } of rejectedMessages(lake, of)) letters.push(offset);
    return letters;
  };
  expect(await lettersOf(manifest)).toEqual([19]);
  // Also where the topic was made anew, and its places are those of letters that were sent long ago.
  const { run, ...facts } = deviceFacts(manifest);
  const anew = { ...facts, run: { ...run, fromOffsets: { 0: 0 } } };
  expect(await lettersOf({ ...manifest, facts: anew })).toEqual([19]);
});

test('late events are counted, and lie in their own date', async () => {
  const lake = newLake(folder.path());
  const topic = new FakeTopic().add({ at: '2026-03-10T10:00:00Z' });
  expect(runOf(await landAll(lake, topic))?.late).toBe(0);
  topic.add({ at: '2026-03-09T10:00:00Z' }, { at: '2026-03-08T23:59:59Z' });
  const manifest = await landAll(lake, topic);
  expect(runOf(manifest)).toMatchObject({ rows: 2, late: 1 });
  expect(Object.keys(deviceFacts(manifest).dates).toSorted()).toEqual([
    '2026-03-08',
    '2026-03-09',
    '2026-03-10',
  ]);
});

test('late events of one run are counted by what lies before them in their partition', async () => {
  const days = ['2026-03-08', '2088-01-01', '2026-03-10', '2026-03-09', '2026-03-08', '2026-02-01'];
  const topic = new FakeTopic().add(...days.map((day) => ({ at: `${day}T10:00:01Z` })));
  topic.add({ at: '2026-03-08T11:00:00Z' });
  expect(runOf(await landAll(newLake(folder.path()), topic))).toMatchObject({ rows: 6, late: 2 });
});

test('a clock that runs ahead makes nobody else late', () => {
  const now = new Date('2026-03-10T12:00:00Z');
  expect(lateBefore(['2026-03-09', '2088-01-01'], 1, now)).toBe('2026-03-08');
  expect(lateBefore([], 1, now)).toBeNull();
});

test('events of a device whose person was erased stay out, counted', async () => {
  const lake = newLake(folder.path());
  const at = '2026-03-01T10:00:00Z';
  const topic = new FakeTopic().add(
    { at, device: 'watch-gone' },
    { at, device: 'here', state: 'watch-gone', extra: { near: ['watch-gone'] } },
    { at, device: 'there', state: 'asleep', extra: { near: ['here', '3'] } },
    '{"device_id":"here","near":"watch-g\\u006fne","hr":"fast"}',
    '{"device_id":"here","near":"\\"watch-gone',
    'here,watch-gone,60',
    'here,3,60',
    '{"device_id":"here","hr":"fast"}',
  );
  // A short word that stands bare, or in somebody else's fields, is more likely a word.
  const isGone = (name: string) => ['watch-gone', '3'].includes(name);
  const withdrawals = { isWithdrawn: isGone, isWithdrawnName: isGone };
  const manifest = await landAll(lake, topic, withdrawals);
  expect(manifest).toMatchObject({
    ...{
      rows: 2,
      dropped: { 'consent-withdrawn': 4 },
      quarantined: { 'missing-time': 1, 'not-json': 1 },
    },
  });
  const { rows } = await query(lake, {
    sql: 'SELECT device_id, state, extra FROM device_events ORDER BY 1',
    dataset: 'devices',
  });
  expect(rows).toEqual([
    { device_id: 'here', state: null, extra: null },
    { device_id: 'there', state: 'asleep', extra: '{"extra":{"near":["here","3"]}}' },
  ]);
});

test('a run that was interrupted finds what it has finished, and lands nothing twice', async () => {
  const lake = newLake(folder.path());
  const topic = new FakeTopic().add({ at: '2026-03-01T10:00:00Z' });
  const stop = new AbortController();
  async function* interrupted() {
    yield topic.messages;
    stop.abort(new Error('killed'));
  }
  const messages = interrupted();
  await expect(landAll(lake, topic, { messages, signal: stop.signal })).rejects.toThrow('killed');
  expect(await presentEvents(lake)).toBeNull();
  const landed = await landAll(lake, topic);
  expect(landed.rows).toBe(1);
});

test('events of many dates land in one run, each date in a file of its own', async () => {
  const lake = newLake(folder.path());
  const topic = new FakeTopic();
  const start = Date.parse('2026-01-01T00:00:00Z');
  for (let at = 0; at < 6_000; at += 1) {
    topic.add({ at: new Date(start + at * 432_000).toISOString(), hr: 60 + (at % 40) });
  }
  const manifest = await landAll(lake, topic);
  expect(manifest.rows).toBe(6_000);
  expect(new Set(manifest.files.map(dateOf)).size).toBe(30);
  expect(manifest.files).toHaveLength(30);
  expect(manifest.checks.every(({ offending }) => offending === 0)).toBe(true);
});
