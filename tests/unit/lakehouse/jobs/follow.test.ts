/** How often a job is looked at, and for how long a service may be silent: by a clock that only waits move. */
import { WatchlakeError } from '../../../../core/errors';
import { follow } from '../../../../lakehouse/engines/jobs/follow';
import { pause } from '../../../../lakehouse/engines/jobs/pause';
import type { JobStatus } from '../../../../lakehouse/engines/jobs/ports';

jest.mock('../../../../lakehouse/engines/jobs/pause');

const PACE = { firstMs: 1000, growth: 2, longestMs: 4000, silenceMs: 10_000 };
const unavailable = () => new WatchlakeError('AWS_UNAVAILABLE', { action: 'look', detail: 'busy' });

let waits: number[];

beforeEach(() => {
  waits = [];
  let nowMs = 0;
  jest.spyOn(Date, 'now').mockImplementation(() => nowMs);
  jest.mocked(pause).mockImplementation(async (ms) => {
    waits.push(ms);
    nowMs += ms;
  });
});
afterEach(() => jest.restoreAllMocks());

/** Each look in turn, the last one for good. */
function followed(looks: readonly (string | Error)[], deadlineMs = Infinity) {
  let at = 0;
  const look = async (): Promise<JobStatus> => {
    const found = looks[Math.min(at, looks.length - 1)] as string | Error;
    at += 1;
    if (found instanceof Error) throw found;
    return { state: found, reason: '', seconds: 0 };
  };
  return follow({ look, onStatus: () => {}, pace: PACE, deadlineMs });
}

test('looks grow rarer, up to the longest wait', async () => {
  jest.spyOn(Math, 'random').mockReturnValue(0.5);
  await followed([...Array<string>(5).fill('RUNNING'), 'SUCCEEDED']);
  expect(waits).toEqual([1000, 2000, 4000, 4000, 4000]);
});

test('pollers that started together do not stay together', async () => {
  jest.spyOn(Math, 'random').mockReturnValueOnce(0).mockReturnValueOnce(1);
  await followed(['RUNNING', 'RUNNING', 'COMPLETED']);
  expect(waits).toEqual([750, 2500]);
});

test('a service that does not answer is asked again, until it was silent for too long', async () => {
  jest.spyOn(Math, 'random').mockReturnValue(0.5);
  const recovers = ['RUNNING', unavailable(), unavailable(), 'RUNNING', unavailable()];
  await expect(followed(recovers)).rejects.toMatchObject({ code: 'AWS_UNAVAILABLE' });
  // Heard of after 7 s for the last time; 12 s later the silence is longer than 10 s.
  expect(waits).toEqual([1000, 2000, 4000, 4000, 4000, 4000]);
});

test('what no other look will change is told at once', async () => {
  const denied = new WatchlakeError('AWS_DENIED', { action: 'look', detail: 'no' });
  await expect(followed([denied])).rejects.toBe(denied);
  expect(waits).toEqual([]);
});

test('one that still runs after its deadline takes too long', async () => {
  expect(await followed(['RUNNING'], 3000)).toMatchObject({
    verdict: 'too-long',
    state: 'RUNNING',
  });
  expect(waits.length).toBeGreaterThan(1);
});
