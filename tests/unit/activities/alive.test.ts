/** Heartbeats: nobody has to think of them, and they keep what an attempt has reported. */
import { setTimeout as sleep } from 'node:timers/promises';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { alive } from '../../../activities/alive';
import { asActivities } from '../../../activities/as-activities';

const HEARTBEAT_TIMEOUT_MS = 50;

interface Told {
  heartbeatTimeoutMs?: number;
  heartbeatDetails?: unknown;
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await sleep(HEARTBEAT_TIMEOUT_MS / 10);
}

/** What was heard of the work until it ended, and of an idle moment after it; the work knows what was heard already. */
async function heard(
  work: (already: readonly unknown[]) => Promise<unknown>,
  told: Told = {},
): Promise<unknown[]> {
  const { heartbeatTimeoutMs = HEARTBEAT_TIMEOUT_MS, heartbeatDetails } = told;
  const environment = new MockActivityEnvironment(
    { heartbeatTimeoutMs, heartbeatDetails },
    { logger: new DefaultLogger('ERROR') },
  );
  const beats: unknown[] = [];
  environment.on('heartbeat', (details: unknown) => beats.push(details));
  const { activity } = asActivities({ activity: () => work(beats) });
  await environment.run(activity).catch(() => undefined);
  const { length } = beats;
  await sleep(2 * HEARTBEAT_TIMEOUT_MS);
  expect(beats).toHaveLength(length);
  return beats;
}

test('an activity that only waits is heard of again and again, until it ends', async () => {
  const beats = await heard((already) => until(() => already.length >= 4));
  expect(beats.length).toBeGreaterThanOrEqual(4);
});

test('is heard of until it fails', async () => {
  const beats = await heard(async () => {
    await sleep(2 * HEARTBEAT_TIMEOUT_MS);
    throw new Error('the disk is gone');
  });
  expect(beats.length).toBeGreaterThanOrEqual(2);
});

test('repeats what was reported last', async () => {
  const beats = await heard(async (already) => {
    alive().report({ rows: 500 });
    await until(() => already.length > 3);
  });
  expect(beats.length).toBeGreaterThan(3);
  expect(new Set(beats.slice(1))).toEqual(new Set([{ rows: 500 }]));
});

test('does not lose what the attempt before has reported', async () => {
  const heartbeatDetails = { baseline: 7 };
  const beats = await heard(() => sleep(2 * HEARTBEAT_TIMEOUT_MS), { heartbeatDetails });
  expect(new Set(beats)).toEqual(new Set([heartbeatDetails]));
});

test('says nothing where nobody listens', async () => {
  expect(await heard(() => sleep(HEARTBEAT_TIMEOUT_MS), { heartbeatTimeoutMs: 0 })).toEqual([]);
});
