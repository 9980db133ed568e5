/** Somebody who wears a device withdraws, and consents anew: what a running ingest server takes of theirs at each point. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SendResult } from '../../streaming/send/send-events';
import type { DeviceWorld } from './device-world';
import { answerOf } from './running-home';

export interface ConsentAnew {
  /** Rows of their devices in the lake. */
  readonly rows: Readonly<Record<'before' | 'erased' | 'whileWithdrawn' | 'again', number>>;
  /** Their devices' events, sent again. */
  readonly sent: Readonly<Record<'whileWithdrawn' | 'again', SendResult>>;
}

async function devicesOf(profiles: string, userId: string): Promise<string[]> {
  const all = JSON.parse(await readFile(profiles, 'utf8')) as Record<string, string>[];
  return all.flatMap(({ user_id, device_id = '' }) => (user_id === userId ? [device_id] : []));
}

async function rowsOf({ home }: DeviceWorld, devices: readonly string[]): Promise<number> {
  const { rows } = await answerOf<{ rows: [{ rows: number }] }>(home, [
    ...['query', '--dataset', 'devices'],
    `SELECT count(*)::INT AS rows FROM device_events WHERE device_id IN ('${devices.join("', '")}')`,
  ]);
  return rows[0].rows;
}

async function landAll(world: DeviceWorld): Promise<void> {
  while ((await world.land()).lag > 0);
}

/** The server runs all the while, but for the start after the new consent, with which it need not wait to look. */
export async function consentAnew(
  world: DeviceWorld,
  userId: string,
  { profiles, lines }: { profiles: string; lines: readonly string[] },
): Promise<ConsentAnew> {
  const { home } = world;
  const devices = await devicesOf(profiles, userId);
  const own = join(home, 'own.jsonl');
  const isOwn = (line: string) => devices.some((device) => line.includes(`"${device}"`));
  await writeFile(own, lines.filter(isOwn).join('\n'));
  const consent = (...args: string[]) =>
    answerOf(home, ['consent', ...args, userId, '--dataset', 'devices']);
  const before = await rowsOf(world, devices);
  await consent('withdraw', '--yes');
  const erased = await rowsOf(world, devices);
  const sentWhileWithdrawn = await world.send(own);
  await landAll(world);
  const whileWithdrawn = await rowsOf(world, devices);
  await consent('grant');
  await world.stopServer();
  await world.serve();
  await answerOf(home, ['devices', 'profiles', 'import', profiles]);
  const sentAgain = await world.send(own);
  await landAll(world);
  await world.aggregateAll();
  return {
    rows: { before, erased, whileWithdrawn, again: await rowsOf(world, devices) },
    sent: { whileWithdrawn: sentWhileWithdrawn, again: sentAgain },
  };
}
