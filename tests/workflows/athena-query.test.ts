/** The query workflow: stopped when it is cancelled, its text forgotten however it ends. */
import { cancelled } from '../support/fakes';
import { failing, failureOf, useWorkflows } from '../support/workflow-environment';

const { fakes, run, start, called, events } = useWorkflows();

const sqlKey = 'queries/00000000c0ffee00.sql';
const input = { sqlKey, database: 'watchlake_watch', workgroup: 'research' };

test('starts the query once, follows it, and tells what it read and cost', async () => {
  const result = await run('athenaQuery', { ...input, pricePerTb: 6 });
  expect(result).toEqual({
    executionId: 'query-1',
    scannedBytes: 20e6,
    costUsd: 0.0001,
    milliseconds: 900,
  });
  expect(fakes.startAthenaQuery).toHaveBeenCalledWith(input);
  expect(fakes.followAthenaQuery).toHaveBeenCalledWith({ executionId: 'query-1', pricePerTb: 6 });
  expect(fakes.stopAthenaQuery).not.toHaveBeenCalled();
  expect(fakes.forgetQuery).toHaveBeenCalledWith({ sqlKey });
});

test('is stopped when the workflow is cancelled', async () => {
  fakes.followAthenaQuery.mockImplementation(cancelled);
  const handle = await start('athenaQuery', input);
  await called('followAthenaQuery');
  await handle.cancel();
  expect(await failureOf(handle.result())).toContain('CancelledFailure');
  expect(fakes.stopAthenaQuery).toHaveBeenCalledWith({ executionId: 'query-1' });
  expect(fakes.forgetQuery).toHaveBeenCalledTimes(1);
});

test('cancelled while it starts, it is stopped as soon as its id is known', async () => {
  let answer = (): void => undefined;
  fakes.startAthenaQuery.mockImplementation(
    () =>
      new Promise((resolve) => {
        answer = () => resolve({ executionId: 'late' });
      }),
  );
  const handle = await start('athenaQuery', input);
  await called('startAthenaQuery');
  await handle.cancel();
  answer();
  expect(await failureOf(handle.result())).toContain('CancelledFailure');
  expect(fakes.stopAthenaQuery).toHaveBeenCalledWith({ executionId: 'late' });
});

test.each(['QUERY_FAILED', 'QUERY_TOO_LARGE'])('passes %s on', async (code) => {
  fakes.followAthenaQuery.mockImplementation(failing(code));
  expect(await failureOf(run('athenaQuery', input))).toContain(code);
  expect(fakes.stopAthenaQuery).not.toHaveBeenCalled();
  expect(fakes.forgetQuery).toHaveBeenCalledTimes(1);
});

test('keeps rows and the text of the query out of its history', async () => {
  const handle = await start('athenaQuery', input);
  await handle.result();
  const names = (await events(handle)).map(
    ({ activityTaskScheduledEventAttributes: scheduled }) => scheduled?.activityType?.name,
  );
  expect(names.filter(Boolean)).toEqual(['startAthenaQuery', 'followAthenaQuery', 'forgetQuery']);
});
