/** Tokens of devices in a real PostgreSQL: what they are good for, and for how long. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'pg';
import { isWatchlakeError } from '../../core/errors';
import { createOwners } from '../../devices/erase';
import { createDeviceTokens, type DeviceTokens } from '../../devices/tokens';
import { createTestDatabase, type TestDatabase } from '../support/database';

let database: TestDatabase;
let tokens: DeviceTokens;

beforeAll(async () => {
  database = await createTestDatabase();
  tokens = createDeviceTokens(database.pool);
});

afterAll(() => database.drop());

const codeOf = (error: unknown) => (isWatchlakeError(error) ? error.code : error);

test('a token is good for its device, and is not kept itself', async () => {
  const issued = await tokens.issue({ deviceId: 'watch-1' });
  expect(issued.token).toMatch(/^wld_[\w-]{43}$/);
  expect(await tokens.deviceOf(issued.token)).toBe('watch-1');
  expect(await tokens.deviceOf(`${issued.token}x`)).toBeNull();
  const { rows } = await database.pool.query<{ kept: string }>(
    'SELECT t::text AS kept FROM devices.tokens t',
  );
  expect(rows.map(({ kept }) => kept).join()).not.toContain(issued.token.slice(4));
});

test('says when a token was used last, to the hour', async () => {
  const { token } = await tokens.issue({ deviceId: 'watch-used' });
  const usedAt = async () => (await tokens.list({ deviceId: 'watch-used' }))[0]?.lastUsedAt;
  expect(await usedAt()).toBeNull();
  await tokens.deviceOf(token);
  const first = await usedAt();
  expect(Date.now() - Date.parse(first ?? '')).toBeLessThan(60_000);
  await tokens.deviceOf(token);
  expect(await usedAt()).toBe(first);
});

test('is good where its use cannot be noted', async () => {
  const { token } = await tokens.issue({ deviceId: 'watch-read-only' });
  const pool = new Pool({
    ...database.pool.options,
    options: '-c default_transaction_read_only=on',
  });
  try {
    expect(await createDeviceTokens(pool).deviceOf(token)).toBe('watch-read-only');
  } finally {
    await pool.end();
  }
});

test('after a rotation both are good until the grace is over', async () => {
  const former = await tokens.issue({ deviceId: 'watch-2' });
  const next = await tokens.rotate({ deviceId: 'watch-2', graceSeconds: 60 });
  expect(await tokens.deviceOf(former.token)).toBe('watch-2');
  expect(await tokens.deviceOf(next.token)).toBe('watch-2');
  await tokens.rotate({ deviceId: 'watch-2', graceSeconds: 0 });
  expect(await tokens.deviceOf(former.token)).toBeNull();
  expect(await tokens.deviceOf(next.token)).toBeNull();
});

test('a rotation never lengthens the life of a former token', async () => {
  const { token } = await tokens.issue({ deviceId: 'watch-3', validForSeconds: 60 });
  await tokens.rotate({ deviceId: 'watch-3', graceSeconds: 3600 });
  const [, former] = await tokens.list({ deviceId: 'watch-3' });
  expect(Date.parse(former?.expiresAt ?? '') - Date.now()).toBeLessThan(61_000);
  expect(await tokens.deviceOf(token)).toBe('watch-3');
});

/** Both begin while the device's token is held by somebody else, and go on together. */
async function atOnce(deviceId: string, ...works: (() => Promise<unknown>)[]): Promise<void> {
  const holder = await database.pool.connect();
  const waiting = `SELECT 1 FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'`;
  await holder.query('BEGIN');
  await holder.query('SELECT 1 FROM devices.tokens WHERE device_id = $1 FOR UPDATE', [deviceId]);
  const all = [];
  for (const work of works) {
    all.push(work());
    while ((await database.pool.query(waiting)).rowCount !== all.length) await sleep(10);
  }
  await holder.query('COMMIT');
  holder.release();
  await Promise.all(all);
}

test('of two rotations at once one token goes on, and after a revocation none', async () => {
  const deviceId = 'watch-at-once';
  await tokens.issue({ deviceId });
  const rotate = () => tokens.rotate({ deviceId, graceSeconds: 60 });
  await atOnce(deviceId, rotate, rotate);
  const all = await tokens.list({ deviceId });
  expect(all.map(({ expiresAt }) => expiresAt === null).toSorted()).toEqual([false, false, true]);
  await atOnce(deviceId, rotate, () => tokens.revoke({ deviceId }));
  const left = await tokens.list({ deviceId });
  expect(left.filter(({ revokedAt }) => revokedAt === null)).toEqual([]);
});

test('an erasure removes also what a rotation at the same moment issues', async () => {
  const deviceId = 'watch-erased';
  await tokens.issue({ deviceId });
  const { eraseOwner } = createOwners(database.pool);
  const erase = () => eraseOwner({ userId: 'ada', devices: [deviceId] });
  await atOnce(deviceId, () => tokens.rotate({ deviceId, graceSeconds: 60 }), erase);
  expect(await tokens.list({ deviceId })).toEqual([]);
});

test('rotates and revokes nothing where there is nothing', async () => {
  const none = { deviceId: 'nobody' };
  const rotated = tokens.rotate({ ...none, graceSeconds: 1 }).catch(codeOf);
  expect(await rotated).toBe('DEVICE_TOKEN_NOT_FOUND');
  expect(await tokens.revoke(none).catch(codeOf)).toBe('DEVICE_TOKEN_NOT_FOUND');
  expect(await tokens.list(none)).toEqual([]);
});

test('revokes one token, or all of a device, at once', async () => {
  const deviceId = 'watch-4';
  const issued = [await tokens.issue({ deviceId }), await tokens.issue({ deviceId })];
  const other = await tokens.issue({ deviceId: 'watch-5' });
  expect(await tokens.revoke({ tokenId: issued[0]?.tokenId ?? '' })).toBe(1);
  expect(await tokens.deviceOf(issued[0]?.token ?? '')).toBeNull();
  expect(await tokens.deviceOf(issued[1]?.token ?? '')).toBe(deviceId);
  expect(await tokens.revoke({ deviceId })).toBe(1);
  expect(await tokens.deviceOf(issued[1]?.token ?? '')).toBeNull();
  expect(await tokens.deviceOf(other.token)).toBe('watch-5');
});
