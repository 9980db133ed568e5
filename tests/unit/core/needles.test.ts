/** What an erasure looks for is found in any text, also across the borders of chunks. */
import fc from 'fast-check';
import { createFinder, createOverlap, replaceNeedles, streamHolds } from '../../../core/needles';
import { joined, needlesOf } from '../../../lakehouse/erasure/person';

const needles = { texts: ['ann@example.org', 'müller "x"'], values: ['ann lee', 'bo'] };

async function* chunksOf(text: string, size: number) {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

test.each([
  ['the person in other letters', 'to ANN@Example.ORG,', true],
  ['a text as JSON writes it', JSON.stringify({ name: 'Müller "X"' }), true],
  ['a whole value', '{"name":"Ann Lee"}', true],
  ['a part of another value', '{"name":"Joann Leeds"}', false],
  ['a short value, which may be anything', '{"label":"bo"}', false],
  ['somebody else', 'bob@example.org', false],
])('%s', async (_what, text, found) => {
  expect(createFinder(needles)(text)).toBe(found);
  if (/ü/i.test(text)) return;
  expect(await streamHolds(needles, chunksOf(text, 3))).toBe(found);
});

test('finds bytes wherever a chunk ends', async () => {
  const text = `${'x'.repeat(40)}müller \\"x\\"${'y'.repeat(40)}`;
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 90 }), async (size) => {
      expect(await streamHolds(needles, chunksOf(text, size))).toBe(true);
    }),
  );
});

test('nothing is found in a text once everything was replaced', () => {
  const word = fc.string({ minLength: 6, maxLength: 12 }).filter((each) => !/[0-9]/.test(each));
  fc.assert(
    fc.property(fc.uniqueArray(word, { minLength: 1 }), fc.array(word), (texts, others) => {
      const text = JSON.stringify([
        ...others,
        ...texts,
        ...texts.map((each) => each.toUpperCase()),
      ]);
      const wanted = { texts, values: [] };
      const replaced = replaceNeedles(wanted, text, '0123456789abcdef');
      expect(createFinder(wanted)(replaced)).toBe(false);
    }),
  );
});

test('what others are called is not looked for, and what is part of it only as a whole', () => {
  const own = ['ann@example.org', 'Ann Lee', 'Bo', 'Shared-Serial'];
  const others = ['joann@example.org', 'Shared-serial', 'Ann'];
  expect(needlesOf({ own, others })).toEqual({
    texts: ['ann lee'],
    values: ['ann@example.org', 'bo'],
    shared: 1,
  });
});

test('a second search, when half is gone, does not forget what the first one knew', () => {
  const person = { identifier: 'a', subjectKey: 'k', devices: ['d'], shared: 1 };
  const before = { ...person, texts: ['ann lee'], values: ['ann@example.org'] };
  const now = { ...person, devices: [], shared: 0, texts: ['ann@example.org', 'k'], values: [] };
  expect(joined(before, now)).toEqual({ ...before, texts: ['ann lee', 'k'] });
});

test('of all other names the overlap alone tells how each is looked for', () => {
  const name = fc.stringMatching(/^ ?[aAbB]{1,4}(-watch)?$/);
  const names = fc.array(name, { maxLength: 30 });
  fc.assert(
    fc.property(fc.array(name, { minLength: 1, maxLength: 5 }), names, (own, others) => {
      const overlap = createOverlap(own);
      for (const each of others) overlap.add(each);
      expect(overlap.found.length).toBeLessThanOrEqual(2 * own.length);
      expect(needlesOf({ own, others: overlap.found })).toEqual(needlesOf({ own, others }));
    }),
  );
});
