/** Starts one private embedded stack for the tests that need it, before the first of them runs. */
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { processIdentity } from '../../stack/processes';
import { progressLine } from '../../stack/progress';
import { startStack, stopStack, type RunningStack } from '../../stack/stack';

const PREFIX = 'watchlake-test-';

/** The cache of downloads, shared with the command line. */
export const testCache = (): string =>
  process.env['WATCHLAKE_CACHE'] ??
  join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'watchlake');

/** A home that carries our process id in its name, so that a killed test run can be cleaned up. */
export async function makeTestHome(): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), `${PREFIX}${process.pid}-`));
  // When root runs the tests the database has a user of its own, which has to pass through.
  await chmod(home, 0o755);
  return home;
}

/** Jest loads setup and teardown as separate modules: what they share lives in the process. */
export const shared = globalThis as { watchlakeTestStack?: RunningStack };

async function removeAbandonedHomes(): Promise<void> {
  const names = await readdir(tmpdir());
  for (const name of names.filter((one) => one.startsWith(PREFIX))) {
    const pid = Number.parseInt(name.slice(PREFIX.length), 10);
    if (!Number.isInteger(pid) || processIdentity(pid) !== undefined) continue;
    const home = join(tmpdir(), name);
    await stopStack(home);
    await rm(home, { recursive: true, force: true });
  }
}

export default async function startTestStack(): Promise<void> {
  await removeAbandonedHomes();
  const home = await makeTestHome();
  const stack = await startStack({
    home,
    cache: testCache(),
    ports: { temporal: 0, temporalUi: 0, kafka: 0, postgres: 0 },
    durable: false,
    onProgress: (progress) => process.stderr.write(`${progressLine(progress)}\n`),
  });
  shared.watchlakeTestStack = stack;
  process.env['WATCHLAKE_TEST_HOME'] = home;
  process.env['TEMPORAL_ADDRESS'] = stack.temporal.address;
  process.env['KAFKA_BROKERS'] = stack.kafka.brokers;
  process.env['DATABASE_URL'] = stack.postgres.url;
}
