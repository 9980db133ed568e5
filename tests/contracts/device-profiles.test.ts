/** Profiles in PostgreSQL: taken once, changed where they differ, and no device passes on by mistake. */
import { createDeviceTables, type DeviceTables } from '../../devices/devices';
import type { UserProfile } from '../../telemetry/profile';
import { checkedProfiles } from '../../telemetry/profiles';
import { createTestDatabase, type TestDatabase } from '../support/database';

let database: TestDatabase;
let devices: DeviceTables;

beforeEach(async () => {
  database = await createTestDatabase();
  devices = createDeviceTables(database.pool);
});
afterEach(() => database.drop());

const profile = (deviceId: string, more: Partial<UserProfile> = {}): UserProfile => ({
  ...{ userId: 'ada', deviceId, userEmail: 'ada@example.org', gender: 'f', age: 36 },
  ...{ timeZone: 'Europe/Berlin', stepCounter: 'interval' },
  ...more,
});

const listed = () => devices.listProfiles({ limit: 10 });

test('the same file again changes nothing', async () => {
  const given = [profile('a'), profile('b', { userId: 'bob', stepCounter: 'cumulative' })];
  expect(await devices.importProfiles(given)).toMatchObject({ added: 2, unchanged: 0 });
  const before = await listed();
  expect(before).toMatchObject(given);
  expect(await devices.importProfiles(given)).toMatchObject({
    ...{ profiles: 2, added: 0, changed: 0, moved: 0, unchanged: 2, changes: [] },
  });
  expect(await listed()).toEqual(before);
});

test('what differs is changed, and told by the names of the fields alone', async () => {
  await devices.importProfiles([profile('a'), profile('b', { userId: 'bob' })]);
  const given = [profile('a', { age: 37, timeZone: 'Asia/Tokyo' }), profile('c', { userId: 'cy' })];
  expect(await devices.importProfiles(given)).toMatchObject({
    ...{ added: 1, changed: 1, unchanged: 0 },
    changes: [{ deviceId: 'a', kind: 'changed', fields: ['age', 'timeZone'] }, { kind: 'added' }],
  });
  // Devices that the file does not name stay.
  expect((await listed()).map(({ deviceId }) => deviceId)).toEqual(['a', 'b', 'c']);
});

test('a person has one time zone on all devices, also on those that the file does not name', async () => {
  await devices.importProfiles([profile('old')]);
  const given = [profile('new', { timeZone: 'Asia/Tokyo' })];
  expect(await devices.importProfiles(given)).toMatchObject({ added: 1, changed: 1 });
  const zones = (await listed()).map(({ deviceId, timeZone }) => [deviceId, timeZone]);
  expect(zones).toEqual([
    ['new', 'Asia/Tokyo'],
    ['old', 'Asia/Tokyo'],
  ]);
});

test('what a file says nothing of stays as it is known of the person and the device', async () => {
  const counting = profile('a', { stepCounter: 'cumulative' });
  await devices.importProfiles([counting]);
  const named = (device: string, more: object = {}) => ({
    ...{ user_id: 'ada', device_id: device },
    ...more,
  });
  const more = checkedProfiles([named('a'), named('b')]);
  expect(await devices.importProfiles(more)).toMatchObject({ added: 1, changed: 0, unchanged: 1 });
  expect(await listed()).toMatchObject([counting, profile('b')]);
  // A null says that there is none.
  await devices.importProfiles(checkedProfiles([named('b', { time_zone: null, age: null })]));
  const without = { timeZone: 'UTC', age: null };
  expect(await listed()).toMatchObject([{ ...counting, ...without }, profile('b', without)]);
});

test('a device passes to another person only when that is said', async () => {
  await devices.importProfiles([profile('a')]);
  const given = [profile('a', { userId: 'bob' })];
  await expect(devices.importProfiles(given)).rejects.toMatchObject({
    ...{ code: 'DEVICES_MOVE', context: { count: 1, devices: 'a' } },
  });
  expect(await listed()).toMatchObject([{ userId: 'ada' }]);
  expect(await devices.importProfiles(given, { dryRun: true })).toMatchObject({ moved: 1 });
  expect(await listed()).toMatchObject([{ userId: 'ada' }]);
  expect(await devices.importProfiles(given, { moveDevices: true })).toMatchObject({ moved: 1 });
  expect(await listed()).toMatchObject([{ userId: 'bob' }]);
});

test('a dry run tells the same, and changes nothing', async () => {
  await devices.importProfiles([profile('a')]);
  await database.pool.query(
    `INSERT INTO devices.device_days (device_id, event_date, events)
      VALUES ('a', '2026-03-02', 5), ('a', '2026-03-03', 1), ('b', '2026-03-04', 1)`,
  );
  await database.pool.query(
    `INSERT INTO devices.landed_dates
      VALUES ('2026-03-02', 'x'), ('2026-03-03', 'x'), ('2026-03-04', 'x')`,
  );
  const given = [profile('a', { stepCounter: 'cumulative' })];
  const told = await devices.importProfiles(given, { dryRun: true });
  expect(told).toMatchObject({ changed: 1, dates: 2 });
  expect([...(await devices.knownDates()).values()]).toEqual(['x', 'x', 'x']);
  expect(await devices.importProfiles(given)).toEqual(told);
  expect([...(await devices.knownDates()).values()].filter((each) => each === null)).toHaveLength(
    2,
  );
});

test('of two imports at a time both are kept', async () => {
  await Promise.all([
    devices.importProfiles([profile('a'), profile('b', { userId: 'bob' })]),
    devices.importProfiles([profile('b', { userId: 'bob' }), profile('c', { userId: 'cy' })]),
  ]);
  expect((await listed()).map(({ deviceId }) => deviceId)).toEqual(['a', 'b', 'c']);
});

test('odd names come through unharmed', async () => {
  const given = [profile(`it's "a", \\\\ watch`, { userId: 'Zoë, née Ø' })];
  await devices.importProfiles(given);
  expect(await listed()).toMatchObject(given);
});

test('of many people those are told apart who share a name with somebody who is erased', async () => {
  await devices.importProfiles([profile('watch-of-ada', { userEmail: null }), profile('b-watch')]);
  await database.pool.query(`INSERT INTO devices.user_profiles (device_id, user_id, user_email)
    SELECT 'device-' || n, 'person-' || n, CASE n WHEN 20500 THEN 'B-Watch' ELSE 'x@example.org' END
    FROM generate_series(1, 21000) n`);
  await devices.importProfiles([profile('zz-watch-of-ada-2', { userId: 'zoe', userEmail: null })]);
  const { devices: theirs, others } = await devices.ownerOf('ada', ['person-20999']);
  expect(theirs.toSorted()).toEqual(['b-watch', 'watch-of-ada']);
  expect(others.toSorted()).toEqual(['B-Watch', 'person-20999', 'zz-watch-of-ada-2']);
});
