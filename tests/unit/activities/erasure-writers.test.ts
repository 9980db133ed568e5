/** An erasure says which runs it waits for, and waits for no later ones however often it is tried. */
import type { Client } from '@temporalio/client';
import { awaitWriters } from '../../../activities/erasure-writers';

const WAITING = {
  dataset: 'watch',
  startedAt: '2026-01-01T10:00:00.000Z',
  before: '2026-01-01T10:00:01.000Z',
};

/** Answers with the runs of each look, and notes what was asked. */
function clientOf(looks: string[][]) {
  const queries: string[] = [];
  let present: string[] = [];
  const workflow = {
    count: async (query: string) => {
      queries.push(query);
      present = looks.shift() ?? [];
      return { count: present.length };
    },
    async *list() {
      for (const workflowId of present) yield { workflowId };
    },
  };
  return { client: { workflow } as unknown as Pick<Client, 'workflow'>, queries };
}

function heard() {
  const reports: unknown[] = [];
  const { signal } = new AbortController();
  return { reports, alive: { signal, report: (details: unknown) => void reports.push(details) } };
}

test('names the runs in its heartbeats, and ends with them', async () => {
  const { client } = clientOf([['simulate/lab']]);
  const { reports, alive } = heard();
  await awaitWriters(client, WAITING, alive);
  expect(reports).toEqual([{ waitingFor: 1, runs: ['simulate/lab'] }]);
});

test('an attempt that has waited long names them in its error; the next asks for the same ones', async () => {
  const runs = ['simulate/lab', 'ingest/a', 'ingest/b', 'ingest/c', 'ingest/d'];
  const { client, queries } = clientOf([runs]);
  const { alive } = heard();
  const waits = {
    code: 'ERASURE_WAITS',
    context: { what: 'simulate/lab, ingest/a, ingest/b and 2 more' },
  };
  await expect(awaitWriters(client, WAITING, alive, 0)).rejects.toMatchObject(waits);
  await awaitWriters(client, WAITING, alive, 0);
  expect(queries).toHaveLength(2);
  expect(new Set(queries).size).toBe(1);
  expect(queries[0]).toContain(`StartTime < '${WAITING.before}'`);
});
