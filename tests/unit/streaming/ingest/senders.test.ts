/** Who may send for which device, and who is who. */
import { hashToken, parseTokens } from '../../../../core/tokens';
import { createReadiness } from '../../../../streaming/ingest/readiness';
import { createSenders } from '../../../../streaming/ingest/senders';
import { event, post, startIngest, type TestIngest } from '../../../support/ingest';

const OPERATOR = 'operator-secret-of-tests';
const READER = 'reader-secret-of-tests';
const OTHER = 'another-secret-of-tests';
const tokens = parseTokens(`device:${hashToken(OPERATOR)},device:${OTHER},reader:${READER}`);
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const asked: string[] = [];
const deviceOf = async (token: string) => {
  asked.push(token);
  return token === 'token-of-watch-1' ? 'watch-1' : null;
};
let ingest: TestIngest;
beforeEach(async () => {
  ingest = await startIngest({ tokens, deviceOf });
});
afterEach(() => ingest.close());

test('a configured one speaks for all devices, where its role may', async () => {
  expect((await post(ingest.url, event(1), bearer(OPERATOR))).status).toBe(200);
  expect((await post(ingest.url, event(1), bearer(READER))).status).toBe(403);
  expect((await post(ingest.url, event(1))).status).toBe(401);
  expect((await post(ingest.url, event(1), bearer('nobody-knows-it'))).status).toBe(401);
});

test("a device's own speaks for it alone, and is asked for once in a while", async () => {
  asked.length = 0;
  const token = bearer('token-of-watch-1');
  const reply = await post(ingest.url, [event(1), event(2, { device_id: 'watch-2' })], token);
  expect(reply).toMatchObject({ status: 207, body: { accepted: 1, rejected: 1 } });
  expect(ingest.broker.deadLetters[0]).toMatchObject({
    key: 'watch-2',
    headers: { reason: 'foreign-device' },
  });
  await post(ingest.url, event(3), token);
  expect(asked).toEqual(['token-of-watch-1']);
});

test('metrics need a token that may read, and health none', async () => {
  const status = async (path: string, headers = {}) =>
    (await fetch(`${ingest.url}${path}`, { headers })).status;
  expect(await status('/metrics')).toBe(401);
  expect(await status('/metrics', bearer(READER))).toBe(200);
  expect(await status('/healthz')).toBe(200);
  expect(await status('/readyz')).toBe(200);
});

test('two of one role are two senders: their keys do not meet', async () => {
  const withKey = (token: string) => ({ ...bearer(token), 'idempotency-key': 'batch-1' });
  expect((await post(ingest.url, event(1), withKey(OPERATOR))).body).toEqual({
    status: 'accepted',
  });
  expect((await post(ingest.url, event(2), withKey(OTHER))).body).toEqual({ status: 'accepted' });
  expect((await post(ingest.url, event(1), withKey(OPERATOR))).body).toEqual({
    status: 'accepted',
  });
  expect((await post(ingest.url, event(2), withKey(OPERATOR))).status).toBe(422);
});

describe('on a clock that is set back by an hour', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());
  const passBack = (ms: number) => {
    jest.setSystemTime(Date.now() - 3_600_000);
    jest.advanceTimersByTime(ms);
  };

  test('a revoked token is good for no longer than before', async () => {
    let device: string | null = 'watch-1';
    const senders = createSenders({ host: '0.0.0.0', tokens, deviceOf: async () => device });
    const { authorization } = bearer('token-of-watch-1');
    expect(await senders(authorization)).toMatchObject({ deviceId: 'watch-1' });
    device = null;
    passBack(15_000);
    await expect(senders(authorization)).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
  });

  test('the server is ready as soon as its broker answers', async () => {
    let isThere = false;
    const bounds = async () => {
      if (!isThere) throw new Error('away');
      return new Map();
    };
    const readiness = createReadiness({ broker: { bounds }, topic: 't', isClosing: () => false });
    expect(await readiness()).toMatchObject({ ready: false });
    isThere = true;
    passBack(1_001);
    expect(await readiness()).toMatchObject({ ready: true });
  });
});
