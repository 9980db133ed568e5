/** A worker that is killed again and again in the middle of an erasure: it ends, with its proof. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { Pool } from 'pg';
import { readState, type UpState } from '../../workers/state';
import type { EraseResult } from '../../workflows/erase-subject';
import { makeTestHome } from '../support/start-stack';
import { writeStedi } from '../support/stedi-people';
import { databaseTraces, folderTraces, historyTraces, placesWith } from '../support/traces';
import { lastLine, watchlake } from './demo-run';
import { answerOf } from './running-home';

// What a killed attempt has half written makes the erasure wait for ten minutes.
const LIMIT_MS = 25 * 60_000;
const ERASED = 'ann@example.org';
const PEOPLE = [
  { email: ERASED, name: 'Ann Leeson', phone: '8005550001', serial: 'serial-of-ann-0001' },
  { email: 'bob@example.org', name: 'Bob Moss', phone: '8005550002', serial: 'serial-of-bob-2' },
];
const NAMES = [ERASED, 'Ann Leeson', '8005550001', 'serial-of-ann-0001'];
const STEPS = ['rewriting', 'rebuilding the tables', 'removing older snapshots', 'proving'];

async function killWorker(home: string, before: number | null): Promise<number> {
  for (;;) {
    const { pid = null, ready = false } = (await readState(home))?.worker ?? {};
    if (pid !== null && ready && pid !== before) {
      process.kill(pid, 'SIGKILL');
      return pid;
    }
    await sleep(100);
  }
}

/** The command only follows: as each step begins, the worker that does it is killed. */
async function withdrawWhileKilling(home: string): Promise<{ result: EraseResult; kills: number }> {
  const { child, finished } = watchlake(home, ['consent', 'withdraw', ERASED, '--yes', '--json']);
  const timer = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS);
  const seen = new Set<string>();
  let [killed, kills]: [number | null, number] = [null, 0];
  let killing = Promise.resolve();
  createInterface({ input: child.stderr }).on('line', (line) => {
    const step = STEPS.find((each) => line.startsWith(`· ${each}`));
    if (step === undefined || seen.has(step)) return;
    seen.add(step);
    killing = killing.then(async () => {
      killed = await killWorker(home, killed);
      kills += 1;
    });
  });
  const { code, stdout, stderr } = await finished;
  clearTimeout(timer);
  await killing;
  if (code !== 0) throw new Error(`the erasure ended with ${code}:\n${stderr}\n${stdout}`);
  return { result: JSON.parse(lastLine(stdout)) as EraseResult, kills };
}

/** The lake, the logs and what else lies in the home; the database; the histories. */
async function tracesOf(home: string, { postgres, temporal }: UpState) {
  const pool = new Pool({ connectionString: postgres.url });
  const connection = await Connection.connect({ address: temporal.address });
  const folders = await Promise.all(
    ['lake', 'logs', 'downloads'].map((name) => folderTraces(join(home, name)).catch(() => null)),
  );
  const traces = [
    ...folders.filter((each) => each !== null),
    await databaseTraces(pool),
    await historyTraces(new Client({ connection })),
  ];
  await pool.end();
  await connection.close();
  return traces;
}

test(
  'an erasure whose worker is killed at every other step ends, and leaves nothing',
  async () => {
    const home = await makeTestHome();
    try {
      await answerOf(home, ['up', '--detach']);
      const source = await writeStedi(join(home, 'source'), PEOPLE);
      await answerOf(home, ['stedi', 'run', '--source', source]);
      await rm(source, { recursive: true });
      const state = (await readState(home)) as UpState;
      const before = await tracesOf(home, state);
      for (const name of NAMES) expect(placesWith(name, ...before)).not.toEqual([]);

      const { result, kills } = await withdrawWhileKilling(home);
      expect(kills).toBeGreaterThanOrEqual(2);
      expect(result.removedRows).toMatchObject({ customer_landing: 1 });
      const { proof } = await answerOf<{ proof: { found: number } }>(home, [
        ...['consent', 'proof', ERASED],
      ]);
      expect(proof.found).toBe(0);
      const after = await tracesOf(home, state);
      for (const name of NAMES) expect([name, placesWith(name, ...after)]).toEqual([name, []]);
      const sql = 'SELECT count(*)::INT AS people FROM customer_trusted';
      const { rows } = await answerOf<{ rows: unknown }>(home, ['query', sql]);
      expect(rows).toEqual([{ people: 1 }]);
    } finally {
      await watchlake(home, ['down']).finished;
      await rm(home, { recursive: true, force: true });
    }
  },
  LIMIT_MS,
);
