/** A service that runs as many jobs as the account may have: the next one waits until another has ended. */
import { randomUUID } from 'node:crypto';
import { isTarget, jsonError } from '../support/aws-gateway';
import { useJobCloud } from '../support/jobs/cloud';
import { buildMade, contextNamed, madeRows, untilTrue } from '../support/jobs/made-table';

jest.setTimeout(120_000);

const cloud = useJobCloud();
const START = 'AWSGlue.StartJobRun';
const starts = (): number => cloud.gateway().calls.filter((call) => call === START).length;

beforeEach(async () => cloud.standIn(await madeRows()));
afterEach(() => cloud.glue().limitRuns());

test('a job run starts when one of another table has ended', async () => {
  const [first, second] = [await cloud.lake(), await cloud.lake()];
  const sessions = [randomUUID(), randomUUID()] as const;
  cloud.standIn(await madeRows({ seconds: 4 }));
  const running = buildMade(first, 'glue', contextNamed(sessions[0]));
  await untilTrue(() => cloud.glue().runs().length === 1);
  cloud.glue().limitRuns(1);
  const told: Record<string, unknown>[] = [];
  const context = contextNamed(sessions[1], { report: (facts) => void told.push({ ...facts }) });
  const { manifest } = await buildMade(second, 'glue', context);
  expect(manifest.job).toMatchObject({ generation: 1, duplicates: 0, session: sessions[1] });
  expect(starts()).toBeGreaterThan(3);
  expect(cloud.glue().runs()).toHaveLength(2);
  expect(told).toContainEqual(
    expect.objectContaining({
      ...{ service: 'glue', table: 'made' },
      state: expect.stringContaining('exceeded resource number limit') as string,
    }),
  );
  await running;
  for (const [at, lake] of [first, second].entries()) {
    await lake.endSession({ engine: 'glue', dataset: 'made', session: sessions[at] as string });
  }
});

test('the limit of one job is waited for as well, longer than a passing fault', async () => {
  const lake = await cloud.lake();
  const full = jsonError(400, 'ConcurrentRunsExceededException', 'Concurrent runs exceeded');
  cloud.gateway().breakOn({ on: isTarget(START), fault: full, times: 9 });
  const { manifest } = await buildMade(lake, 'glue', contextNamed(randomUUID()));
  expect(manifest.job).toMatchObject({ generation: 1, duplicates: 0 });
  expect(starts()).toBe(10);
});

test('it is waited for within a bound, and then told with what to do', async () => {
  const lake = await cloud.lake(undefined, { roomMs: 500 });
  const before = cloud.glue().runs().length;
  cloud.glue().limitRuns(0);
  const built = buildMade(lake, 'glue', contextNamed(randomUUID()));
  await expect(built).rejects.toMatchObject({
    ...{ code: 'JOBS_AT_LIMIT', retryable: false },
    message: expect.stringContaining('exceeded resource number limit') as string,
    remedy: expect.stringContaining('Service Quotas') as string,
  });
  expect(starts()).toBeGreaterThan(1);
  expect(cloud.glue().runs()).toHaveLength(before);
});

describe('a run that was started and then got no machines', () => {
  const NONE = 'Exceeded maximum concurrent compute capacity for your account: 100';
  const times = (n: number, message: string) => Array<string>(n).fill(message);
  afterEach(() => cloud.glue().failNextRuns([]));

  test.each([NONE, 'Resource unavailable', 'Max concurrent runs exceeded'])(
    'is started again as often as need be: %s',
    async (message) => {
      const lake = await cloud.lake();
      const session = randomUUID();
      cloud.glue().failNextRuns(times(5, message));
      const told: Record<string, unknown>[] = [];
      const context = contextNamed(session, { report: (facts) => void told.push({ ...facts }) });
      const { manifest } = await buildMade(lake, 'glue', context);
      expect(manifest.job).toMatchObject({ generation: 6, duplicates: 0, session });
      expect(told).toContainEqual(expect.objectContaining({ table: 'made', state: message }));
    },
  );

  test('uses up none of the tries of a run that fails of itself', async () => {
    const lake = await cloud.lake();
    cloud.glue().failNextRuns([...times(5, NONE), ...times(3, 'Command failed with exit code 1')]);
    const built = buildMade(lake, 'glue', contextNamed(randomUUID()));
    await expect(built).rejects.toMatchObject({ code: 'JOB_FAILED' });
    expect(starts()).toBe(5 + 3);
  });

  test('is started again within the same bound as one that is refused', async () => {
    const lake = await cloud.lake(undefined, { roomMs: 1_500 });
    cloud.glue().failNextRuns(times(99, NONE));
    const built = buildMade(lake, 'glue', contextNamed(randomUUID()));
    await expect(built).rejects.toMatchObject({
      code: 'JOBS_AT_LIMIT',
      message: expect.stringContaining(NONE) as string,
    });
    expect(starts()).toBeGreaterThan(3);
  });
});

test('whoever waits ends at once when it is told to', async () => {
  const lake = await cloud.lake();
  cloud.glue().limitRuns(0);
  const stop = new AbortController();
  const built = buildMade(lake, 'glue', contextNamed(randomUUID()), stop.signal);
  const ended = expect(built).rejects.toThrow('shutdown');
  await untilTrue(() => starts() > 2);
  stop.abort(new Error('shutdown'));
  await ended;
});
