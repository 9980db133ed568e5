/** Who may send for which device, and who is who. */
import { hashToken, parseTokens } from '../../../../core/tokens';
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
