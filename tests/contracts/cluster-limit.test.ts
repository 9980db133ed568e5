/** An account whose machines are all in use: a cluster waits until another one has ended. */
import { randomUUID } from 'node:crypto';
import { useJobCloud } from '../support/jobs/cloud';
import { buildMade, contextNamed, madeRows, untilTrue } from '../support/jobs/made-table';

jest.setTimeout(120_000);

// Long enough for a step to come before EMR ends the cluster.
const cloud = useJobCloud({ startMs: 1_000 });
const clustersOf = (session: string) =>
  cloud
    .emr()
    .clusters()
    .filter(({ name }) => name.includes(session));

beforeEach(async () => cloud.standIn(await madeRows()));
afterEach(() => cloud.emr().limitClusters());

/** A cluster of somebody else, until it is ended. */
async function occupied() {
  const [lake, session] = [await cloud.lake(), randomUUID()];
  await buildMade(lake, 'emr', contextNamed(session));
  cloud.emr().limitClusters(1);
  return { end: () => lake.endSession({ engine: 'emr', dataset: 'made', session }) };
}

test('a table is built when the cluster of another run has ended', async () => {
  const other = await occupied();
  const [lake, session] = [await cloud.lake(), randomUUID()];
  const told: Record<string, unknown>[] = [];
  const context = contextNamed(session, { report: (facts) => void told.push({ ...facts }) });
  const building = buildMade(lake, 'emr', context);
  // More than the three clusters, and the three steps, of a run.
  await untilTrue(() => clustersOf(session).length > 4);
  await other.end();
  const { manifest } = await building;
  expect(manifest.job).toMatchObject({ duplicates: 0, session });
  expect(told).toContainEqual(
    expect.objectContaining({
      ...{ service: 'emr', table: 'made' },
      state: expect.stringContaining('exceeds the EC2 service quota') as string,
    }),
  );
  await lake.endSession({ engine: 'emr', dataset: 'made', session });
});

test('a cluster that is lost after the wait is replaced', async () => {
  const other = await occupied();
  const [lake, session] = [await cloud.lake(), randomUUID()];
  cloud.standIn(await madeRows({ seconds: 5 }));
  const building = buildMade(lake, 'emr', contextNamed(session));
  await untilTrue(() => clustersOf(session).length > 3);
  await other.end();
  await untilTrue(() => clustersOf(session).some(({ steps }) => steps[0]?.state === 'RUNNING'));
  cloud.standIn(await madeRows());
  cloud.emr().loseCluster(clustersOf(session).at(-1)?.id as string);
  await expect(building).resolves.toBeDefined();
  await lake.endSession({ engine: 'emr', dataset: 'made', session });
});

test('it is waited for within a bound, and then told with what to do', async () => {
  const other = await occupied();
  const [lake, session] = [await cloud.lake(undefined, { roomMs: 3_000 }), randomUUID()];
  await expect(buildMade(lake, 'emr', contextNamed(session))).rejects.toMatchObject({
    code: 'JOBS_AT_LIMIT',
    message: expect.stringContaining('exceeds the EC2 service quota') as string,
    remedy: expect.stringContaining('vCPU') as string,
  });
  await other.end();
  await lake.endSession({ engine: 'emr', dataset: 'made', session });
});

test('a limit that is too low for one cluster alone is told soon: nothing would make room', async () => {
  const [lake, session] = [await cloud.lake(), randomUUID()];
  await untilTrue(() =>
    cloud
      .emr()
      .clusters()
      .every(({ state }) => state.startsWith('TERMINATED')),
  );
  cloud.emr().limitClusters(0);
  await expect(buildMade(lake, 'emr', contextNamed(session))).rejects.toMatchObject({
    code: 'JOB_LOST',
    message: expect.stringContaining('exceeds the EC2 service quota') as string,
    remedy: expect.stringContaining('Service Quotas') as string,
  });
  expect(clustersOf(session)).toHaveLength(3);
  await lake.endSession({ engine: 'emr', dataset: 'made', session });
});
