/** Aggregates in PostgreSQL: equal to the plainest computation, and only what has changed is made again. */
import { mkdtemp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { createDeviceTables } from '../../devices/devices';
import type { Lake } from '../../lakehouse/lake';
import { GRAINS } from '../../telemetry/aggregate';
import { FILES, generateDeviceEvents, type ExpectedFile } from '../../telemetry/generator/generate';
import type { UserProfile } from '../../telemetry/profile';
import { parseProfiles } from '../../telemetry/profiles';
import { aggregatesByHand } from '../support/aggregates-by-hand';
import { createTestDatabase, type TestDatabase } from '../support/database';
import {
  aggregate,
  aggregateActivities,
  aggregateAll,
  profile,
  storedAggregates,
} from '../support/device-aggregates';
import { eventsOf, FakeTopic, landAll, type MadeEvent } from '../support/device-events';
import { newLake, temporaryFolder } from '../support/recordings';

const folder = temporaryFolder();
let database: TestDatabase;
let lake: Lake;
let topic: FakeTopic;

beforeEach(async () => {
  database = await createTestDatabase();
  lake = newLake(folder.path());
  topic = new FakeTopic();
});
afterEach(() => database.drop());

const importProfiles = (...profiles: UserProfile[]) =>
  createDeviceTables(database.pool).importProfiles(profiles, { moveDevices: true });

const land = (...events: MadeEvent[]) => landAll(lake, topic.add(...events));

async function expectEqualByHand(profiles: readonly UserProfile[]): Promise<void> {
  const expected = aggregatesByHand(eventsOf(topic), profiles);
  for (const grain of GRAINS) {
    expect({ [grain]: await storedAggregates(database.pool, grain) }).toEqual({
      [grain]: expected[grain],
    });
  }
}

async function expectEqualOnceAggregated(profiles: readonly UserProfile[]): Promise<void> {
  await aggregateAll(lake, database.pool);
  await expectEqualByHand(profiles);
}

test('a generated month comes out to the last digit, whatever order and trouble it arrived in', async () => {
  const made = await mkdtemp(join(folder.path(), 'made-'));
  const options = { users: 12, devices: 16, strangers: 1, everySeconds: 900, seed: 5 };
  await generateDeviceEvents(made, options);
  const read = (name: string) => readFile(join(made, name), 'utf8');
  const profiles = parseProfiles(await read(FILES.profiles));
  const expected = JSON.parse(await read(FILES.expected)) as ExpectedFile;
  await importProfiles(...profiles);
  topic.add(...(await read(FILES.events)).trimEnd().split('\n'));
  const { length } = topic.messages;
  // Landed and aggregated in three parts: what arrives late is aggregated again.
  for (const share of [0.4, 0.7, 1]) {
    await landAll(lake, topic, { upTo: Math.floor(length * share) });
    await aggregateAll(lake, database.pool);
  }
  for (const grain of GRAINS) {
    const wanted = expected.aggregates
      .filter((each) => each.grain === grain)
      .map(({ grain: _grain, ...figures }) => figures)
      .toSorted((a, b) =>
        a.userId === b.userId
          ? a.periodStart < b.periodStart
            ? -1
            : 1
          : a.userId < b.userId
            ? -1
            : 1,
      );
    expect(wanted.length).toBeGreaterThan(12);
    expect(await storedAggregates(database.pool, grain)).toEqual(wanted);
  }
  expect(await aggregate(lake, database.pool, 'day')).toMatchObject({ periods: [] });
}, 180_000);

test('weeks and months are the same from their days and from the events, and read none again', async () => {
  const people = [
    profile('a'),
    profile('b'),
    profile('c', { userId: 'bob', stepCounter: 'cumulative', timeZone: 'Asia/Tokyo' }),
  ];
  await importProfiles(...people);
  await land(
    ...['2026-02-27', '2026-02-28', '2026-03-01', '2026-03-02', '2026-03-08'].flatMap((day, at) =>
      people.slice(at % 2).flatMap(({ deviceId: device }, n) => [
        { device, at: `${day}T02:00:00Z`, hr: 50 + n / 7, steps: 100 * at + n, state: 'asleep' },
        { device, at: `${day}T02:20:00Z`, hr: 61.001, steps: 100 * at + 40, state: 'awake' },
      ]),
    ),
  );
  const again = await createTestDatabase();
  try {
    await createDeviceTables(again.pool).importProfiles(people, { moveDevices: true });
    for (const grain of ['week', 'month'] as const) {
      expect((await aggregate(lake, again.pool, grain)).files).toBeGreaterThan(0);
    }
    await aggregateAll(lake, database.pool);
    for (const grain of ['week', 'month'] as const) {
      const range = { from: '2026-02-01', to: '2026-03-31' };
      const summed = await aggregate(lake, database.pool, grain, range);
      expect(summed).toMatchObject({ files: 0, rows: 0, written: 0 });
      expect(summed.people).toBeGreaterThan(0);
      expect(await storedAggregates(database.pool, grain)).toEqual(
        await storedAggregates(again.pool, grain),
      );
    }
    await expectEqualByHand(people);
  } finally {
    await again.drop();
  }
});

test('a week of which a day is outdated, or kept no more, is made from its events', async () => {
  await importProfiles(profile('watch-1'));
  await land({ at: '2026-03-03T12:00:00Z', steps: 1 }, { at: '2026-04-07T12:00:00Z', steps: 2 });
  await aggregateAll(lake, database.pool);
  await land({ at: '2026-03-04T12:00:00Z', steps: 4 });
  expect(await aggregate(lake, database.pool, 'week')).toMatchObject({ files: 2, written: 1 });
  await aggregate(lake, database.pool, 'day');
  const devices = createDeviceTables(database.pool);
  const kept = { today: '2026-05-01', aheadMonths: 0, keepMonths: 1 };
  expect((await devices.maintainPartitions('day', kept)).detached).toEqual([
    'daily_aggregates_2026_03',
  ]);
  const range = { from: '2026-03-01', to: '2026-04-30' };
  // March's days are a table of their own now; April's month is the sum of its days.
  expect(await aggregate(lake, database.pool, 'month', range)).toMatchObject({
    ...{ files: 2, people: 2, written: 1 },
  });
  const months = await storedAggregates(database.pool, 'month');
  expect(months.map(({ totalSteps }) => totalSteps)).toEqual([5, 2]);
  // Nor do rows that somebody dropped, or that do not name their devices, make a month any smaller.
  await database.pool.query('DROP TABLE devices.daily_aggregates_2026_03');
  await database.pool.query(`UPDATE devices.daily_aggregates SET device_ids = '[]'`);
  expect(await aggregate(lake, database.pool, 'month', range)).toMatchObject({
    ...{ files: 3, people: 2, written: 0, deleted: 0 },
  });
});

test('days follow the clocks of each person, also when those change', async () => {
  const people = [
    profile('b', { userId: 'berlin', timeZone: 'Europe/Berlin' }),
    profile('k', { userId: 'kiritimati', timeZone: 'Pacific/Kiritimati' }),
    profile('s', { userId: 'santiago', timeZone: 'America/Santiago' }),
    profile('u', { userId: 'utc' }),
  ];
  await importProfiles(...people);
  // Berlin's days of 25 and 23 hours; in Santiago the clock goes back at midnight itself.
  const starts = ['2026-03-28T20:00:00Z', '2026-10-24T20:00:00Z', '2026-04-04T22:00:00Z'];
  const events = starts.flatMap((start) =>
    people.flatMap(({ deviceId: device }) =>
      Array.from({ length: 80 }, (_, at) => ({
        device,
        at: new Date(Date.parse(start) + at * 1_260_000 + 1).toISOString(),
        ...{ hr: 50 + (at % 30) + 0.123, steps: at, state: at % 3 === 0 ? 'asleep' : 'awake' },
      })),
    ),
  );
  await land(...events);
  await expectEqualOnceAggregated(people);
});

test('weeks belong to their ISO year, and days of two years share one', async () => {
  await importProfiles(profile('watch-1'));
  const days = ['2020-12-31', '2021-01-01', '2021-01-03', '2021-01-04', '2024-12-30', '2027-01-01'];
  await land(...days.map((day) => ({ at: `${day}T12:00:00Z`, hr: 60, steps: 10 })));
  await expectEqualOnceAggregated([profile('watch-1')]);
  const { rows } = await database.pool.query(
    `SELECT period_start::text AS start, iso_year, iso_week, total_steps::int AS steps
      FROM devices.weekly_aggregates ORDER BY 1`,
  );
  expect(rows).toEqual([
    { start: '2020-12-28', iso_year: 2020, iso_week: 53, steps: 30 },
    { start: '2021-01-04', iso_year: 2021, iso_week: 1, steps: 10 },
    { start: '2024-12-30', iso_year: 2025, iso_week: 1, steps: 10 },
    { start: '2026-12-28', iso_year: 2026, iso_week: 53, steps: 10 },
  ]);
});

test('a mean over a week weighs every heart beat alike, and the view has the one asleep', async () => {
  await importProfiles(profile('watch-1'));
  await land(
    { at: '2026-03-02T01:00:00Z', hr: 50, state: 'asleep' },
    { at: '2026-03-03T12:00:00Z', hr: 100 },
    { at: '2026-03-03T12:00:01Z', hr: 100 },
    { at: '2026-03-03T12:00:02Z', hr: 100, steps: 7 },
  );
  await aggregateAll(lake, database.pool);
  const [week] = await storedAggregates(database.pool, 'week');
  expect(week).toMatchObject({ avgHeartRate: 87.5, avgHeartRateAsleep: 50, events: 4 });
  const { rows } = await database.pool.query(
    `SELECT user_id, event_date::text, total_steps::int, avg_heart_rate
      FROM devices.daily_steps_and_sleep ORDER BY event_date`,
  );
  expect(rows).toEqual([
    { user_id: 'ada', event_date: '2026-03-02', total_steps: 0, avg_heart_rate: 50 },
    { user_id: 'ada', event_date: '2026-03-03', total_steps: 7, avg_heart_rate: null },
  ]);
});

test('what several devices of a person tell is theirs, and the same sleep counts once', async () => {
  const people = [
    profile('left', { stepCounter: 'cumulative', timeZone: 'Asia/Kathmandu' }),
    profile('right', { timeZone: 'Asia/Kathmandu' }),
    profile('other', { userId: 'bob' }),
  ];
  await importProfiles(...people);
  const night = Date.parse('2026-03-01T17:30:00Z');
  const events = Array.from({ length: 200 }, (_, at) => ({
    device: ['left', 'right', 'other'][at % 3],
    at: new Date(night + at * 173_000).toISOString(),
    ...{ hr: 40 + (at % 50) / 8, steps: at % 70, state: at % 4 === 0 ? 'awake' : 'deep sleep' },
  }));
  await land(...events);
  await expectEqualOnceAggregated(people);
  const days = await storedAggregates(database.pool, 'day');
  expect(days.filter(({ userId }) => userId === 'ada').every(({ devices }) => devices === 2)).toBe(
    true,
  );
});

const aDay = (day: string, hour = 12): string => `${day}T${String(hour).padStart(2, '0')}:00:00Z`;

describe('what arrives late', () => {
  const days = ['2026-03-02', '2026-03-03', '2026-03-04', '2026-04-01'];

  test('makes its own periods again and no other', async () => {
    await importProfiles(profile('watch-1'), profile('b', { userId: 'bob' }));
    await land(
      ...days.flatMap((day) =>
        ['watch-1', 'b'].map((device) => ({ device, at: aDay(day), hr: 60 })),
      ),
    );
    expect(await aggregateAll(lake, database.pool)).toEqual({
      ...{ day: days, week: ['2026-03-02', '2026-03-30'], month: ['2026-03-01', '2026-04-01'] },
    });
    const { rows: newest } = await database.pool.query<{ at: string }>(
      'SELECT max(aggregated_at)::text AS at FROM devices.daily_aggregates',
    );
    await land({ at: aDay('2026-03-03', 20), hr: 90 });
    const again = await aggregate(lake, database.pool, 'day');
    // Of that day alone: one file is read, and of two people only the one with the new event is written.
    expect(again).toMatchObject({
      ...{ periods: ['2026-03-03'], files: 1, rows: 3, people: 2, written: 1, deleted: 0 },
    });
    const { rows } = await database.pool.query(
      `SELECT user_id, event_date::text AS day FROM devices.daily_aggregates
        WHERE aggregated_at > $1`,
      [newest[0]?.at],
    );
    expect(rows).toEqual([{ user_id: 'ada', day: '2026-03-03' }]);
    expect((await aggregate(lake, database.pool, 'week')).periods).toEqual(['2026-03-02']);
    expect((await aggregate(lake, database.pool, 'month')).periods).toEqual(['2026-03-01']);
    await expectEqualByHand([profile('watch-1'), profile('b', { userId: 'bob' })]);
  });

  test('changes the steps of the next day that a counter tells of, however long after', async () => {
    const people = [profile('watch-1', { stepCounter: 'cumulative' })];
    await importProfiles(...people);
    await land(
      { at: aDay('2026-03-02'), steps: 100 },
      { at: aDay('2026-05-20'), steps: 900 },
      { at: aDay('2026-05-21'), steps: 1_000 },
    );
    await expectEqualOnceAggregated(people);
    await land({ at: aDay('2026-03-09'), steps: 400 });
    const again = await aggregate(lake, database.pool, 'day');
    expect(again).toMatchObject({ periods: ['2026-03-09', '2026-05-20'], files: 2 });
    await expectEqualOnceAggregated(people);
    // An event that is not the last reading of its day changes nothing of another day.
    await land({ at: aDay('2026-03-09', 8), steps: 300 });
    expect((await aggregate(lake, database.pool, 'day')).periods).toEqual(['2026-03-09']);
    await expectEqualOnceAggregated(people);
  });

  test('changes the steps of the second local day that begins within a UTC date', async () => {
    const people = [profile('watch-1', { stepCounter: 'cumulative', timeZone: 'Europe/Berlin' })];
    await importProfiles(...people);
    await land(
      { at: '2026-07-01T21:00:00Z', steps: 1_000 },
      { at: '2026-07-01T23:00:00Z', steps: 1_100 },
      { at: '2026-07-02T23:00:00Z', steps: 1_500 },
    );
    await aggregateAll(lake, database.pool);
    await land({ at: '2026-07-01T21:30:00Z', steps: 1_080 });
    const again = await aggregate(lake, database.pool, 'day');
    expect(again.periods).toEqual(['2026-07-01', '2026-07-02']);
    await expectEqualOnceAggregated(people);
  });

  test('nothing of what came twice makes anything again', async () => {
    await importProfiles(profile('watch-1'));
    const event = { at: aDay('2026-03-02'), hr: 60 };
    await land(event);
    await aggregateAll(lake, database.pool);
    await land(event, event);
    expect(await aggregateAll(lake, database.pool)).toEqual({ day: [], week: [], month: [] });
  });
});

test('a counter that begins anew counts what it shows', async () => {
  const people = [profile('watch-1', { stepCounter: 'cumulative' })];
  await importProfiles(...people);
  const readings = [100, 250, 250, 30, 80, 5];
  await land(
    ...readings.map((steps, at) => ({ at: aDay(`2026-03-0${2 + Math.floor(at / 2)}`, at), steps })),
    // Between two readings, an event without one.
    { at: aDay('2026-03-03', 2), hr: 61 },
  );
  await expectEqualOnceAggregated(people);
  const days = await storedAggregates(database.pool, 'day');
  expect(days.map(({ totalSteps }) => totalSteps)).toEqual([150, 0 + 30, 50 + 5]);
});

describe('profiles', () => {
  const twoDays = [
    { device: 'a', at: aDay('2026-03-02'), hr: 60 },
    { device: 'b', at: aDay('2026-03-02', 23), hr: 70 },
    { device: 'a', at: aDay('2026-03-03'), hr: 80 },
  ];

  test('that come after the events are aggregated then', async () => {
    await land(...twoDays);
    const none = await aggregate(lake, database.pool, 'day');
    expect(none).toMatchObject({ periods: [], unassigned: 3 });
    const people = [profile('a'), profile('b', { userId: 'bob' })];
    expect(await importProfiles(...people)).toMatchObject({ added: 2, dates: 2 });
    await expectEqualOnceAggregated(people);
  });

  test('of a device that passes to another person take its past with it', async () => {
    await importProfiles(profile('a'), profile('b', { userId: 'bob' }));
    await land(...twoDays);
    await aggregateAll(lake, database.pool);
    const moved = [profile('a'), profile('b')];
    expect(await importProfiles(...moved)).toMatchObject({ moved: 1, unchanged: 1, dates: 1 });
    const again = await aggregate(lake, database.pool, 'day');
    expect(again).toMatchObject({ periods: ['2026-03-02'], written: 1, deleted: 1 });
    await expectEqualOnceAggregated(moved);
  });

  test('with another time zone move the events to their new days', async () => {
    await importProfiles(profile('a'), profile('b', { userId: 'bob' }));
    await land(...twoDays);
    await aggregateAll(lake, database.pool);
    const moved = [profile('a'), profile('b', { userId: 'bob', timeZone: 'Asia/Tokyo' })];
    await importProfiles(...moved);
    const again = await aggregate(lake, database.pool, 'day');
    expect(again).toMatchObject({ periods: ['2026-03-02', '2026-03-03'], deleted: 1 });
    await expectEqualOnceAggregated(moved);
  });

  test('that change while a day is aggregated make the run give way', async () => {
    await importProfiles(profile('a'), profile('b', { userId: 'bob' }));
    await land(...twoDays);
    const devices = createDeviceTables(database.pool);
    const moved = [profile('a'), profile('b')];
    const { aggregatePeriods } = aggregateActivities(lake, database.pool, {
      ...devices,
      async exportReadingsBefore(runs, file) {
        await importProfiles(...moved);
        return devices.exportReadingsBefore(runs, file);
      },
    });
    const input = { dataset: 'devices', grain: 'day' as const, periods: ['2026-03-02'] };
    await expect(new MockActivityEnvironment().run(aggregatePeriods, input)).rejects.toMatchObject({
      type: 'AGGREGATES_OUTDATED',
      nonRetryable: false,
    });
    await expectEqualOnceAggregated(moved);
  });

  test('that only tell another age change no aggregate', async () => {
    await importProfiles(profile('a'));
    await land(...twoDays);
    await aggregateAll(lake, database.pool);
    expect(await importProfiles(profile('a', { age: 44 }))).toMatchObject({ changed: 1, dates: 0 });
    expect((await aggregate(lake, database.pool, 'day')).periods).toEqual([]);
  });
});

test('the same range again reads what it says, and writes nothing', async () => {
  await importProfiles(profile('watch-1'));
  await land(
    ...['2026-03-02', '2026-03-03', '2026-03-04'].map((day) => ({ at: aDay(day), hr: 60 })),
  );
  await aggregateAll(lake, database.pool);
  const range = { from: '2026-03-03', to: '2026-03-04' };
  expect(await aggregate(lake, database.pool, 'day', range)).toMatchObject({
    ...{ periods: ['2026-03-03', '2026-03-04'], files: 2, rows: 2, people: 2, written: 0 },
  });
  expect((await aggregate(lake, database.pool, 'week', range)).periods).toEqual(['2026-03-02']);
});

test('of runs at the same time each has the newest events or gives way', async () => {
  await importProfiles(profile('watch-1'), profile('b', { userId: 'bob' }));
  for (let day = 1; day <= 4; day += 1) {
    await land(
      { at: aDay(`2026-03-0${day}`), hr: 60 },
      { device: 'b', at: aDay('2026-03-01', day), hr: 70 },
    );
    const runs = Array.from({ length: 3 }, () => aggregate(lake, database.pool, 'day'));
    for (const settled of await Promise.allSettled(runs)) {
      if (settled.status === 'fulfilled') continue;
      expect(settled.reason).toMatchObject({ type: 'AGGREGATES_OUTDATED', nonRetryable: false });
    }
  }
  await expectEqualOnceAggregated([profile('watch-1'), profile('b', { userId: 'bob' })]);
});

test('another dataset is refused as long as the tables hold this one', async () => {
  await importProfiles(profile('watch-1'));
  await land({ at: aDay('2026-03-02') });
  await aggregateAll(lake, database.pool);
  const { saveDates } = createDeviceTables(database.pool);
  const source = { dataset: 'trial', lake: 'l', snapshotVersion: 9, profilesVersion: 1 };
  await expect(saveDates({ source, dates: {}, factsFile: '/dev/null' })).rejects.toMatchObject({
    code: 'INPUT_INVALID',
  });
});
