/** Which version a rollback goes back to. */
import fc from 'fast-check';
import { previousVersion, ROLLBACK } from '../../../registry/rollback';

const moves = (...versions: string[]) =>
  versions.map((text) =>
    text.startsWith('<')
      ? { to: text.slice(1), outcome: ROLLBACK }
      : { to: text, outcome: 'promote' },
  );

test.each([
  ['nothing was ever promoted', moves(), null],
  ['there is only one version', moves('1'), null],
  ['one promotion followed another', moves('1', '2'), '1'],
  ['the last promotion was rolled back', moves('1', '2', '3', '<2'), '1'],
  ['a promotion came after a rollback', moves('1', '2', '<1', '3'), '1'],
  ['a version was promoted again', moves('1', '2', '1'), '2'],
  ['everything was rolled back', moves('1', '2', '<1'), null],
])('when %s', (_case, steps, expected) => {
  expect(previousVersion(steps)).toBe(expected);
});

test('as many rollbacks as promotions less one lead back to the first version', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), (promoted) => {
      const steps = moves(...promoted.map(String));
      for (let index = 1; index < promoted.length; index += 1)
        steps.push({ to: previousVersion(steps) ?? 'none', outcome: ROLLBACK });
      expect(steps.at(-1)?.to).toBe(String(promoted[0]));
      expect(previousVersion(steps)).toBeNull();
    }),
  );
});
