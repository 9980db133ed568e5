/** Runs that an erasure waits for: what they have read before the person was on the list they could still write. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { WatchlakeError } from '../core/errors';
import type { Alive } from './alive';

export interface Waiting {
  readonly dataset: string;
  /** When the erasure itself began. */
  readonly startedAt: string;
  /** Runs that began later are not waited for, whichever attempt asks. */
  readonly before: string;
}

const LOOK_EVERY_MS = 1_000;
// An attempt that fails says for whom it has waited; the next one goes on.
const PATIENCE_MS = 5 * 60_000;
const RUNS_NAMED = 3;

const WRITERS = [
  ...['ingest', 'refreshTables', 'trainModel', 'retrain', 'simulateDevices'],
  ...['landDeviceEvents', 'aggregateDevices'],
];

/** Of two erasures from one dataset the later one waits: both rewrite the same tables. */
function writersOf({ dataset, before, startedAt }: Waiting): string {
  const writers = WRITERS.map((name) => `'${name}'`).join(', ');
  return `WatchlakeDataset = '${dataset}' AND ExecutionStatus = 'Running' AND (
    (WorkflowType IN (${writers}) AND StartTime < '${before}')
    OR (WorkflowType = 'eraseSubject' AND StartTime < '${startedAt}'))`;
}

async function firstOf({ workflow }: Pick<Client, 'workflow'>, query: string): Promise<string[]> {
  const ids: string[] = [];
  for await (const { workflowId } of workflow.list({ query, pageSize: RUNS_NAMED })) {
    ids.push(workflowId);
    if (ids.length === RUNS_NAMED) break;
  }
  return ids;
}

/** ERASURE_WAITS, which names the first of them, when they go on for longer than `patienceMs`. */
export async function awaitWriters(
  client: Pick<Client, 'workflow'>,
  waiting: Waiting,
  { signal, report }: Alive,
  patienceMs = PATIENCE_MS,
): Promise<void> {
  const query = writersOf(waiting);
  const untilMs = Date.now() + patienceMs;
  for (;;) {
    const { count } = await client.workflow.count(query);
    if (count === 0) return;
    const runs = await firstOf(client, query);
    report({ waitingFor: count, runs });
    if (runs.length > 0 && Date.now() >= untilMs) {
      const others = count > runs.length ? ` and ${count - runs.length} more` : '';
      throw new WatchlakeError('ERASURE_WAITS', { what: `${runs.join(', ')}${others}` });
    }
    await sleep(LOOK_EVERY_MS, undefined, { signal });
  }
}
