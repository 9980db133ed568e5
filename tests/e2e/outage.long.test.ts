/** Kafka and PostgreSQL away for half a minute in the middle of the loop: it waits, and ends the same. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expectSameOutcome } from './expect-same-outcome';
import { runDemo } from './demo-run';

const DEMO_LIMIT_MS = 20 * 60_000;
const OUTAGE_MS = 30_000;

interface StackFile {
  processes: Record<string, { pid: number }>;
}

/** Stops the processes of a part with SIGSTOP: it neither answers nor closes its connections. */
async function pause(home: string, part: string): Promise<void> {
  const file = await readFile(join(home, 'demo', 'stack.json'), 'utf8');
  const pid = (JSON.parse(file) as StackFile).processes[part]?.pid;
  if (pid === undefined) throw new Error(`${part} does not run`);
  process.kill(pid, 'SIGSTOP');
  try {
    await sleep(OUTAGE_MS);
  } finally {
    process.kill(pid, 'SIGCONT');
  }
}

test.each(['kafka', 'postgres'])(
  '%s is gone for 30 seconds in the middle',
  async (part) => {
    const reference = await runDemo();
    const outages: Promise<void>[] = [];
    const disturbed = await runDemo({
      // The stream is the stage that needs both.
      onStage: (stage, home) => {
        if (stage === 'stream') outages.push(pause(home, part));
      },
    });
    await Promise.all(outages);
    expect(outages).toHaveLength(1);
    expectSameOutcome(disturbed, reference);
  },
  2 * DEMO_LIMIT_MS,
);
