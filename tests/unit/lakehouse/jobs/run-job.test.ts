/** A job followed to its end and judged, by a service that does as it is told: nothing is waited for here. */
import { randomUUID } from 'node:crypto';
import type { Pace } from '../../../../lakehouse/engines/jobs/follow';
import type { JobService } from '../../../../lakehouse/engines/jobs/ports';
import { readChoice } from '../../../../lakehouse/engines/jobs/records';
import { runJob } from '../../../../lakehouse/engines/jobs/run-job';
import type { Work } from '../../../../lakehouse/engines/jobs/work';
import { openLake } from '../../../../lakehouse/lake';
import { contextNamed, untilTrue } from '../../../support/jobs/made-table';
import { temporaryFolder } from '../../../support/recordings';

const folder = temporaryFolder();
const PACE: Pace = { firstMs: 1, growth: 2, longestMs: 4, silenceMs: 60 };
const LIMITS = { pace: PACE, graceMs: 20, roomMs: 1_000, generations: 2, jobMs: 10_000 };
const RESULT = { formatVersion: 1, spark: 'none', steps: {} };

interface Made {
  /** Of each start in turn: its states, the last one for good. */
  readonly states: readonly (readonly string[])[];
  readonly reason?: string;
  /** What each runner leaves behind. */
  readonly answer?: object;
  /** Of each start in turn, where they differ. */
  readonly answers?: readonly object[];
  readonly rootCause?: JobService['rootCause'];
  /** What another run has started. */
  readonly before?: readonly Start[];
}

interface Start {
  readonly id: string;
  readonly attempt: string;
  looks: number;
}

/** Starts are numbered; what happens to each of them is kept. */
function madeService({ store }: ReturnType<typeof openLake>, made: Made) {
  const seen = { stopped: [] as string[], places: [] as unknown[] };
  const starts = [...(made.before ?? [])];
  const folderUri = store.uriOf('x').slice(0, -1);
  const stateOf = (at: number): string => {
    const states = made.states[at] ?? [];
    return states[Math.min(starts[at]?.looks ?? 0, states.length - 1)] as string;
  };
  const service: JobService = {
    name: 'glue',
    place: async (_context, of) => {
      seen.places.push(of);
      return 'place';
    },
    find: async () => [],
    start: async (_place, { attempt, arguments: given }) => {
      starts.push({ id: String(starts.length), attempt, looks: 0 });
      const key = given['--result']?.slice(folderUri.length) as string;
      const answer = made.answers?.[starts.length - 1] ?? made.answer;
      if (answer) await store.put(key, JSON.stringify(answer));
      return String(starts.length - 1);
    },
    look: async (_place, id) => {
      const state = stateOf(Number(id));
      const start = starts[Number(id)];
      if (start) start.looks += 1;
      return { state, reason: made.reason ?? '', seconds: 1 };
    },
    stop: async (_place, id) => void seen.stopped.push(id),
    rootCause: made.rootCause ?? (async () => ({ cause: null })),
    end: async () => null,
    close: () => undefined,
  };
  return { service, starts, seen };
}

function run(made: Made, changes: Partial<Work> = {}, limits: Partial<typeof LIMITS> = {}) {
  const lake = openLake({ uri: folder.path() });
  const { store } = lake;
  const { service, starts, seen } = madeService(lake, made);
  const work: Work = {
    ...{ dataset: 'made', table: 'made', id: randomUUID(), program: 'p', manifestUri: 'm' },
    ...{ isThere: async () => true, context: contextNamed(randomUUID()), ...changes },
  };
  const deps = { store, service, limits: { ...LIMITS, ...limits } };
  return { ended: runJob(deps, work), starts, seen, work, store };
}

test('one that takes too long is stopped, told so, and not tried again', async () => {
  const { ended, starts, seen } = run({ states: [['RUNNING']] }, {}, { jobMs: 30 });
  await expect(ended).rejects.toMatchObject({ code: 'JOB_STOPPED', retryable: false });
  expect(seen.stopped).toEqual(['0']);
  expect(starts).toHaveLength(1);
});

test("another run's job past its time is stopped, and this run starts one of its own", async () => {
  const id = randomUUID();
  const gone = new AbortController();
  const first = run({ states: [['RUNNING']] }, { id, signal: gone.signal });
  await untilTrue(() => (first.starts[0]?.looks ?? 0) > 0);
  gone.abort(new Error('terminated'));
  await expect(first.ended).rejects.toThrow('terminated');
  const states = [['RUNNING'], ['SUCCEEDED']];
  const answer = { ok: true, result: RESULT };
  const second = run({ states, answer, before: first.starts }, { id }, { jobMs: 0 });
  expect((await second.ended).facts).toMatchObject({ generation: 2, id: '1' });
  expect(second.seen.stopped).toEqual(['0']);
});

const saying = (type: string, detail: string) => ({ ok: false, error: { type, detail } });
const SHUT_DOWN = saying(
  'org.apache.spark.SparkException',
  'Job 3 cancelled because SparkContext was shut down',
);

test.each(['FAILED', 'CANCELLED', 'INTERRUPTED'])(
  "what will fail again is told in the runner's own words, and ends the work (%s)",
  async (state) => {
    const answer = saying('org.apache.spark.sql.AnalysisException', 'no such column');
    const { ended, starts } = run({ states: [[state]], reason: 'exit 1', answer });
    await expect(ended).rejects.toMatchObject({
      code: 'JOB_FAILED',
      message: expect.stringMatching(/: AnalysisException: no such column$/) as string,
    });
    expect(starts).toHaveLength(1);
  },
);

test('one that its runner calls failed because the service has lost it is started again', async () => {
  const answers = [SHUT_DOWN, { ok: true, result: RESULT }];
  const { ended, seen } = run({ states: [['INTERRUPTED'], ['SUCCEEDED']], answers });
  expect((await ended).facts).toMatchObject({ generation: 2, id: '1' });
  expect(seen.places).toHaveLength(2);
});

test('one that is lost every time is told as the service and as its runner tell it', async () => {
  const reason = 'INSTANCE_FAILURE: The primary node failed';
  const states = [['INTERRUPTED'], ['INTERRUPTED']];
  const { ended, starts } = run({ states, reason, answer: SHUT_DOWN });
  await expect(ended).rejects.toMatchObject({
    code: 'JOB_LOST',
    message: expect.stringContaining(
      `${reason} (its runner: SparkException: Job 3 cancelled because SparkContext was shut down)`,
    ) as string,
  });
  expect(starts).toHaveLength(LIMITS.generations);
});

test('one that somebody has stopped was stopped, whatever its runner calls it', async () => {
  const { ended, starts } = run({ states: [['CANCELLED']], answer: SHUT_DOWN });
  await expect(ended).rejects.toMatchObject({
    code: 'JOB_STOPPED',
    message: expect.stringContaining('SparkContext was shut down') as string,
  });
  expect(starts).toHaveLength(1);
});

test('a fault that passes is worth another start', async () => {
  const answers = [
    saying('com.amazonaws.services.s3.model.AmazonS3Exception', 'Slow Down (503)'),
    { ok: true, result: RESULT },
  ];
  const { ended } = run({ states: [['FAILED'], ['SUCCEEDED']], answers });
  expect((await ended).facts).toMatchObject({ generation: 2, id: '1' });
});

test("a fault that does not pass is told in the runner's last words, without a look into the log", async () => {
  const rootCause = jest.fn(async () => ({ cause: 'of the log' }));
  const answer = saying('OSError', 'a folder of a partition could not be renamed');
  const { ended, starts } = run({ states: [['FAILED'], ['FAILED']], answer, rootCause });
  await expect(ended).rejects.toMatchObject({
    code: 'JOB_FAILED',
    message: expect.stringContaining('OSError: a folder of a partition') as string,
  });
  expect(starts).toHaveLength(LIMITS.generations);
  expect(rootCause).not.toHaveBeenCalled();
});

test('one whose runner has ended itself, its time being up, was stopped as well', async () => {
  const error = { type: 'TimeLimit', detail: 'it ran for more than 5 minutes' };
  const { ended, starts } = run({ states: [['FAILED']], answer: { ok: false, error } });
  await expect(ended).rejects.toMatchObject({
    code: 'JOB_STOPPED',
    message: expect.stringContaining('more than 5 minutes') as string,
  });
  expect(starts).toHaveLength(1);
});

test('a run that failed without a word of its runner is tried again, and its last reason told', async () => {
  const { ended, starts } = run({ states: [['FAILED'], ['FAILED']], reason: 'out of workers' });
  await expect(ended).rejects.toMatchObject({
    code: 'JOB_FAILED',
    message: expect.stringContaining('out of workers') as string,
  });
  expect(starts).toHaveLength(LIMITS.generations);
});

test('a log that cannot be read is noted beside what the service says', async () => {
  const rootCause = async () => ({ cause: null, unread: 'incorrect header check' });
  const { ended } = run({ states: [['FAILED'], ['FAILED']], reason: 'Unknown Error.', rootCause });
  await expect(ended).rejects.toThrow(
    'Unknown Error. (its log could not be read: incorrect header check)',
  );
});

test("nobody waits for the log of another run's failure: the next generation starts at once", async () => {
  const id = randomUUID();
  const first = run({ states: [['FAILED']] }, { id }, { generations: 1 });
  await expect(first.ended).rejects.toMatchObject({ code: 'JOB_FAILED' });
  const rootCause = jest.fn(async () => ({ cause: 'of another run' }));
  const states = [['FAILED'], ['SUCCEEDED']];
  const answer = { ok: true, result: RESULT };
  const second = run({ states, rootCause, answer, before: first.starts }, { id });
  expect((await second.ended).facts).toMatchObject({ generation: 2, id: '1' });
  expect(rootCause).not.toHaveBeenCalled();
});

test('where the work runs is asked for with the signal of whoever waits', async () => {
  const { signal } = new AbortController();
  const answer = { ok: true, result: RESULT };
  const { ended, seen, work, store } = run({ states: [['SUCCEEDED']], answer }, { signal });
  expect((await ended).facts).toMatchObject({ generation: 1, duplicates: 0 });
  expect(seen.places).toEqual([{ dataset: 'made', signal }]);
  const choice = await readChoice(store, `jobs/made/${work.id}/glue/1/`);
  expect(choice?.session).toBe(work.context.session);
});
