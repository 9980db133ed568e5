/** What a workflow sees of an error: its code, whether to retry, its context and its remedy. */
import {
  ApplicationFailure,
  CancelledFailure,
  DefaultFailureConverter,
  defaultPayloadConverter,
} from '@temporalio/common';
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

test('what an engine quotes of a row reaches no history, neither itself nor as a cause', () => {
  const said = "Conversion Error: Could not convert string 'ann@example.org' to DOUBLE";
  const above = new Error('the build failed', { cause: new Error(said) });
  const known = new WatchlakeError('CATALOG_CONFLICT', { table: said }, above);
  for (const error of [new Error(said), above, known]) {
    const failure = toFailure(error);
    const kept = new DefaultFailureConverter().errorToFailure(failure, defaultPayloadConverter);
    const text = Buffer.from(JSON.stringify(kept)).toString();
    expect(text).toMatch(/Conversion Error to DOUBLE/);
    expect(text).not.toContain('ann');
    const details = kept.applicationFailureInfo?.details?.payloads ?? [];
    for (const each of details)
      expect(Buffer.from(each.data ?? []).toString()).not.toContain('ann');
  }
  const failure = toFailure(new TypeError(said)) as Error;
  expect(failure.name).toBe('TypeError');
  expect(failure.stack).toMatch(/^TypeError: Conversion Error to DOUBLE[^\n]*\n {4}at /);
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
