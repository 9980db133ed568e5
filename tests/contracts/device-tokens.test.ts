/** Tokens of devices in a real PostgreSQL: what they are good for, and for how long. */
import { Pool } from 'pg';
import { isWatchlakeError } from '../../core/errors';
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
