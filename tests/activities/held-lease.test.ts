/** A lease outlives its time while an activity works under it, and is given up soon after a kill. */
import { setTimeout as sleep } from 'node:timers/promises';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { asActivities } from '../../activities/as-activities';
import { holdingLease, inTurn } from '../../activities/held-lease';
import { createRegistry, type Registry } from '../../registry/registry';
import { createTestDatabase, type TestDatabase } from '../support/database';

// A process may pause for two thirds of it.
const TTL_SECONDS = 3;
const TTL_MS = TTL_SECONDS * 1000;
const RENEWED_EVERY_MS = TTL_MS / 3;

let database: TestDatabase;
let registry: Registry;
let leases = 0;

beforeAll(async () => {
  database = await createTestDatabase();
  registry = createRegistry(database.pool);
});
afterAll(() => database.drop());

function newLease() {
  const name = `retrain/model-${++leases}`;
  return {
    mine: { name, holder: 'me', ttlSeconds: TTL_SECONDS },
    yours: { name, holder: 'you', ttlSeconds: TTL_SECONDS },
  };
}

const expiryOf = async ({ name }: { name: string }): Promise<number> => {
  const sql = 'SELECT expires_at AS at FROM registry.leases WHERE name = $1';
  const { rows } = await database.pool.query<{ at: Date }>(sql, [name]);
  return rows[0]?.at.getTime() ?? NaN;
};

/** Whether it is as it was when it could have been renewed once more. */
async function isLeftAlone(lease: { name: string }): Promise<boolean> {
  const before = await expiryOf(lease);
  await sleep(1.2 * RENEWED_EVERY_MS);
  return (await expiryOf(lease)) === before;
}

/** As if its time were over. */
const letTimePass = ({ name }: { name: string }) =>
  database.pool.query(
    'UPDATE registry.leases SET expires_at = expires_at - make_interval(secs => $2) WHERE name = $1',
    [name, TTL_SECONDS],
  );

const newEnvironment = () =>
  new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') });

function working(
  lease: { name: string; holder: string; ttlSeconds: number } | undefined,
  work: (signal: AbortSignal) => Promise<unknown>,
  { environment = newEnvironment(), over = registry } = {},
) {
  const { activity } = asActivities({ activity: () => holdingLease(over, lease, work) });
  return environment.run(activity);
}

const lost = (holder: string) =>
  expect.objectContaining({
    type: 'LEASE_LOST',
    nonRetryable: true,
    message: expect.stringContaining(holder) as string,
  }) as Error;

test('is renewed past its time while the work goes on', async () => {
  const { mine, yours } = newLease();
  await registry.acquireLease(mine);
  const untilMs = (await expiryOf(mine)) + 100;
  await working(mine, async () => {
    while (Date.now() < untilMs) {
      expect((await registry.acquireLease(yours)).acquired).toBe(false);
      await sleep(100);
    }
  });
});

test('goes to another within its time once nothing renews it, as after a kill', async () => {
  const { mine, yours } = newLease();
  await registry.acquireLease(mine);
  await working(mine, async () => undefined);
  expect((await registry.acquireLease(yours)).acquired).toBe(false);
  expect(await isLeftAlone(mine)).toBe(true);
  await letTimePass(mine);
  expect((await registry.acquireLease(yours)).acquired).toBe(true);
});

test('that another has ends the work, and says who it is', async () => {
  const { mine, yours } = newLease();
  await registry.acquireLease(mine);
  const work = working(mine, async (signal) => {
    await registry.releaseLease(mine);
    await registry.acquireLease(yours);
    await sleep(60_000, undefined, { signal });
  });
  await expect(work).rejects.toEqual(lost('you'));
});

test('that another has lets no work begin', async () => {
  const { mine, yours } = newLease();
  await registry.acquireLease(yours);
  const work = jest.fn(async () => 'done');
  await expect(working(mine, work)).rejects.toEqual(lost('you'));
  expect(work).not.toHaveBeenCalled();
});

test('that ran out while nobody worked goes on when nobody else took it', async () => {
  const { mine, yours } = newLease();
  await registry.acquireLease({ ...mine, ttlSeconds: 0 });
  await working(mine, async () => {
    expect((await registry.acquireLease(yours)).acquired).toBe(false);
  });
});

test('is not touched any more once the run was cancelled', async () => {
  const { mine, yours } = newLease();
  await registry.acquireLease(mine);
  const environment = newEnvironment();
  const work = working(
    mine,
    async () => {
      environment.cancel();
      const leftAlone = await isLeftAlone(mine);
      await letTimePass(mine);
      return { leftAlone, ...(await registry.acquireLease(yours)) };
    },
    { environment },
  );
  await expect(work).resolves.toMatchObject({ leftAlone: true, acquired: true });
});

test('survives an outage of the database that is shorter than the lease', async () => {
  const { mine, yours } = newLease();
  await registry.acquireLease(mine);
  let calls = 0;
  const shaky: Registry = {
    ...registry,
    renewLease: (input) =>
      ++calls === 2 ? Promise.reject(new Error('no answer')) : registry.renewLease(input),
  };
  const outlasted = async () => {
    while (calls < 2) await sleep(10);
    // What was not renewed then is renewed the next time.
    const before = await expiryOf(mine);
    while ((await expiryOf(mine)) === before) await sleep(10);
  };
  await working(mine, outlasted, { over: shaky });
  expect((await registry.acquireLease(yours)).acquired).toBe(false);
});

test('that a run has not named is not looked for', async () => {
  await expect(working(undefined, async () => 'done')).resolves.toBe('done');
});

test('who waits for a turn works after the other has given it back', async () => {
  const name = `turn-${++leases}`;
  const steps: string[] = [];
  const take = (holder: string) => {
    const work = async () => {
      steps.push(`${holder} begins`);
      await sleep(300);
      steps.push(`${holder} ends`);
    };
    return newEnvironment().run(() => inTurn(registry, { name, holder }, work));
  };
  const failing = newEnvironment().run(() =>
    inTurn(registry, { name, holder: 'first' }, () => Promise.reject(new Error('failed'))),
  );
  await expect(failing).rejects.toThrow('failed');
  await Promise.all(['one', 'two'].map(take));
  const [first, second] = steps[0] === 'one begins' ? ['one', 'two'] : ['two', 'one'];
  expect(steps).toEqual([
    ...[`${first} begins`, `${first} ends`, `${second} begins`, `${second} ends`],
  ]);
});

test('the next attempt takes its turn at once, and the late end of the one before leaves it', async () => {
  const turn = { name: `turn-${++leases}`, holder: 'one' };
  const other = { ...turn, holder: 'two', ttlSeconds: TTL_SECONDS };
  const attempt = <T>(atMs: number, work: () => Promise<T>): Promise<T> => {
    const info = { currentAttemptScheduledTimestampMs: atMs };
    const environment = new MockActivityEnvironment(info, { logger: new DefaultLogger('ERROR') });
    return environment.run(() => inTurn(registry, turn, work));
  };
  const fenced = new AbortController();
  let first = Promise.resolve();
  await new Promise<void>((begun) => {
    first = attempt(1_000, async () => {
      begun();
      await sleep(60_000, undefined, fenced);
    });
  });
  const startedMs = performance.now();
  const entered = await attempt(2_000, async () => {
    const tookMs = performance.now() - startedMs;
    fenced.abort();
    await expect(first).rejects.toThrow('aborted');
    // Who was scheduled before this one has no turn before it any more.
    const late = attempt(1_500, async () => 'worked');
    const waited = await Promise.race([late, sleep(200, 'waits')]);
    return { tookMs, waited, late, ofOthers: (await registry.acquireLease(other)).acquired };
  });
  expect(entered).toMatchObject({ waited: 'waits', ofOthers: false });
  expect(entered.tookMs).toBeLessThan(TTL_MS);
  await entered.late;
});
