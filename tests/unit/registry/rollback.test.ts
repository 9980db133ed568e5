/** Which version a rollback goes back to. */
import fc from 'fast-check';
import { previousVersion, ROLLBACK } from '../../../registry/rollback';

const moves = (...versions: string[]) =>
  versions.map((text) =>
    text.startsWith('<')
      ? { to: text.slice(1), outcome: ROLLBACK }
      : { to: text, outcome: 'promote' },
  );

const all = new Set(Array.from({ length: 9 }, (_, index) => String(index + 1)));
const without = (...removed: string[]) =>
  new Set([...all].filter((version) => !removed.includes(version)));

test.each([
  ['nothing was ever promoted', moves(), null],
  ['there is only one version', moves('1'), null],
  ['one promotion followed another', moves('1', '2'), '1'],
  ['the last promotion was rolled back', moves('1', '2', '3', '<2'), '1'],
  ['a promotion came after a rollback', moves('1', '2', '<1', '3'), '1'],
  ['a version was promoted again', moves('1', '2', '1'), '2'],
  ['everything was rolled back', moves('1', '2', '<1'), null],
])('when %s', (_case, steps, expected) => {
  expect(previousVersion(steps, all)).toBe(expected);
});

test.each([
  ['the one before was removed', moves('1', '2', '3'), without('2'), '1'],
  ['a rollback went past a removed one', moves('1', '2', '3', '4', '<2'), without('3'), '1'],
  ['all before were removed', moves('1', '2', '3'), without('1', '2'), null],
  ['the present one is also the one before', moves('1', '2', '1'), without('2'), null],
  ['one that was promoted twice was removed', moves('1', '2', '1', '3'), without('1'), '2'],
])('when %s', (_case, steps, usable, expected) => {
  expect(previousVersion(steps, usable)).toBe(expected);
});

test('as many rollbacks as changes of version lead back to the first one', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), (promoted) => {
      const versions = promoted
        .map(String)
        .filter((version, at, before) => version !== before[at - 1]);
      const steps = moves(...versions);
      for (let index = 1; index < versions.length; index += 1)
        steps.push({ to: previousVersion(steps, all) ?? 'none', outcome: ROLLBACK });
      expect(steps.at(-1)?.to).toBe(versions[0]);
      expect(previousVersion(steps, all)).toBeNull();
    }),
  );
});

test('rollbacks take each version that is left, the newest first, whatever was removed', () => {
  const version = fc.integer({ min: 1, max: 9 }).map(String);
  fc.assert(
    fc.property(fc.uniqueArray(version, { minLength: 1 }), fc.array(version), (made, removed) => {
      const usable = without(...removed.filter((each) => each !== made.at(-1)));
      const steps = moves(...made);
      const gone: string[] = [];
      for (let to = previousVersion(steps, usable); to !== null;) {
        gone.push(to);
        steps.push({ to, outcome: ROLLBACK });
        to = previousVersion(steps, usable);
      }
      const before = made.slice(0, -1).reverse();
      expect(gone).toEqual(before.filter((each) => usable.has(each)));
    }),
  );
});
