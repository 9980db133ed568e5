/** What fails during an erasure tells of nobody. */
import { onCase, strangerOf } from '../../../activities/erasure-case';
import { possibleIdentifiers } from '../../../activities/erasing-of';
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

test('an error before anything was found quotes the person in neither spelling of an accent', async () => {
  const identifier = 'Zoë Ångström'.normalize('NFC');
  const newCase = { readCase: async () => ({ identifier }) } as unknown as Consent;
  const spellings = [identifier, identifier.normalize('NFD')];
  const error = new Error(`cannot read ${spellings.map((each) => `${each}.csv`).join(' or ')}`);
  const failed = onCase({ consent: newCase, secret: 's' })({ dataset: 'd', subject: 's' }, () =>
    Promise.reject(error),
  );
  await expect(failed).rejects.toThrow('cannot read ….csv or ….csv');
  expect(strangerOf('s', 'd', 'Zoe').values).toEqual(['zoe']);
});

test('a proof of a dataset that is gone is looked for by the name as typed as well', () => {
  const typed = 'Zoë'.normalize('NFD');
  expect(possibleIdentifiers(` ${typed} `)).toEqual(
    expect.arrayContaining([typed, typed.normalize('NFC')]),
  );
});
