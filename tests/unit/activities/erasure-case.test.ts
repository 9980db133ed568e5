/** What fails during an erasure tells of nobody. */
import { onCase } from '../../../activities/erasure-case';
import type { Consent } from '../../../consent/consent';
import { WatchlakeError } from '../../../core/errors';

const needles = { texts: ['100234', 'ann lee'], values: [] };
const person = { identifier: '100234', subjectKey: 'k', devices: [], shared: 0, ...needles };
const consent = {
  readCase: async () => ({ identifier: '100234', person }),
} as unknown as Consent;

const failing = (error: Error): Promise<unknown> =>
  onCase({ consent, secret: 's' })({ dataset: 'd', subject: 's' }, () => Promise.reject(error));

test('an error that quotes digits alone does not do so any more, and stays an error', async () => {
  const context = { places: '100234.csv, subject: 100234 of "Ann Lee"', count: 100234 };
  const error = await failing(new WatchlakeError('ERASURE_INCOMPLETE', context)).catch(
    (each: unknown) => each,
  );
  expect(error).toMatchObject({
    code: 'ERASURE_INCOMPLETE',
    context: { places: '….csv, subject: … of "…"', count: 100234 },
  });
  await expect(failing(new Error('Binder Error: 100234, 5'))).rejects.toThrow('Binder Error: …, 5');
  await expect(failing(new Error('it failed'))).rejects.toThrow('it failed');
});
