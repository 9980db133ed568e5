/** The cluster of a session: replaced when it has ended, refused when clusters keep failing. */
import { randomUUID } from 'node:crypto';
import type { Cluster } from '@aws-sdk/client-emr';
import type { EmrCalls } from '../../../../lakehouse/engines/emr/calls';
import { clusterOf } from '../../../../lakehouse/engines/emr/clusters';
import { writeClaim } from '../../../../lakehouse/engines/jobs/records';
import { openLake } from '../../../../lakehouse/lake';
import { jobCloudOptions } from '../../../support/jobs/cloud-options';
import { contextNamed } from '../../../support/jobs/made-table';
import { temporaryFolder } from '../../../support/recordings';

const folder = temporaryFolder();
const MOST = 3;

/** A session, and a service whose clusters end when they are told to. */
function madeSession() {
  const { store } = openLake({ uri: folder.path() });
  const clusters = new Map<string, Cluster>();
  const calls = {
    clustersSince: async () => [],
    run: async ({ Name }) => {
      const Id = `j-${clusters.size + 1}`;
      clusters.set(Id, { Id, Name, Status: { State: 'WAITING' } });
      return Id;
    },
    cluster: async (id) => clusters.get(id) ?? {},
  } satisfies Partial<EmrCalls> as unknown as EmrCalls;
  const settings = jobCloudOptions({}).emr();
  const deps = { store, calls, settings, graceMs: 60_000, mostClusters: MOST };
  const session = randomUUID();
  const ends = (id: string, Code: string): void => {
    const State = Code === 'INSTANCE_FAILURE' ? 'TERMINATED_WITH_ERRORS' : 'TERMINATED';
    const StateChangeReason = { Code: Code as 'INSTANCE_FAILURE', Message: 'said by EMR' };
    clusters.set(id, { Id: id, Status: { State, StateChangeReason } });
  };
  const next = (signal?: AbortSignal) =>
    clusterOf(deps, contextNamed(session), { dataset: 'made', signal });
  return { store, session, ends, next };
}

test('clusters that had nothing to do, or that somebody ended, do not count as failed', async () => {
  const { ends, next } = madeSession();
  for (const [at, code] of [
    'ALL_STEPS_COMPLETED',
    'USER_REQUEST',
    'ALL_STEPS_COMPLETED',
  ].entries()) {
    expect(await next()).toBe(`j-${at + 1}`);
    ends(`j-${at + 1}`, code);
  }
  expect(await next()).toBe('j-4');
});

test('clusters that fail are replaced, but not for ever', async () => {
  const { ends, next } = madeSession();
  ends(await next(), 'INSTANCE_FAILURE');
  ends(await next(), 'ALL_STEPS_COMPLETED');
  ends(await next(), 'INSTANCE_FAILURE');
  ends(await next(), 'INSTANCE_FAILURE');
  await expect(next()).rejects.toMatchObject({
    code: 'CLUSTER_FAILED',
    message: expect.stringContaining('INSTANCE_FAILURE: said by EMR') as string,
    context: expect.objectContaining({ count: MOST }) as object,
  });
});

test('whoever is told to stop does not wait for the cluster that another is starting', async () => {
  const { store, session, next } = madeSession();
  const claimed = `jobs/made/session-${session}/clusters/1/`;
  await writeClaim(store, claimed, { session, holder: 'another', place: 'its name' });
  const reason = new Error('cancelled');
  await expect(next(AbortSignal.abort(reason))).rejects.toBe(reason);
});
