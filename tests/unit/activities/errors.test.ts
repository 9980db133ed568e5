/** What a workflow sees of an error: its code, whether to retry, its context and its remedy. */
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { asActivities } from '../../../activities/as-activities';
import { toFailure } from '../../../activities/errors';
import { WatchlakeError } from '../../../core/errors';

test('a known error becomes a failure of its code, with context and remedy', () => {
  const cause = new Error('below');
  const failure = toFailure(new WatchlakeError('SOURCE_NOT_FOUND', { source: 'a.zip' }, cause));
  expect(failure).toBeInstanceOf(ApplicationFailure);
  expect(failure).toMatchObject({ type: 'SOURCE_NOT_FOUND', nonRetryable: true });
  const { details, message } = failure as ApplicationFailure;
  expect(message).toMatch(/^a\.zip does not exist\. Check the path/);
  expect(details).toEqual([
    { context: { source: 'a.zip' }, remedy: expect.stringContaining('Check') as string },
  ]);
});

test('an error that may pass by itself is retried', () => {
  expect(toFailure(new WatchlakeError('CATALOG_CONFLICT', { table: 't' }))).toMatchObject({
    nonRetryable: false,
  });
});

test('a full disk is known wherever it is met', () => {
  const error = Object.assign(new Error('write'), { code: 'ENOSPC' });
  expect(toFailure(error)).toMatchObject({ type: 'STORE_FULL', nonRetryable: true });
});

test('what is not known, and cancellation, stay as they are', () => {
  for (const error of [new Error('?'), new CancelledFailure('stop'), 'text', null]) {
    expect(toFailure(error)).toBe(error);
  }
});

test('activities keep their names and results, and throw failures that a workflow can read', async () => {
  const activities = asActivities({
    double: async ({ n }: { n: number }) => 2 * n,
    fail: async (_input: object): Promise<never> => {
      throw new WatchlakeError('NO_CHAMPION', { model: 'm' });
    },
  });
  expect(await activities.double({ n: 21 })).toBe(42);
  await expect(activities.fail({})).rejects.toMatchObject({ type: 'NO_CHAMPION' });
});
