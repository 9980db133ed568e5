/** What an erasure looks for is found in any text, also across the borders of chunks. */
import fc from 'fast-check';
import { folded } from '../../../core/letters';
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
  expect(await streamHolds(needles, chunksOf(text, 3))).toBe(found);
});

const CAPITALS = ['ÖMER YILMAZ', 'Łukasz Wójcik', 'İBRAHİM ŞAHİN', 'ΟΔΥΣΣΕΥΣ ΠΑΠΑΣ'];

test.each(CAPITALS)(
  'finds %s in small letters and large ones, wherever a chunk ends',
  async (name) => {
    const wanted = { texts: [name], values: [] };
    const small = name.replaceAll('İ', 'i').toLowerCase();
    for (const text of [`a,${name},b`, `a,${small},b`]) {
      for (let size = 1; size <= 12; size += 1) {
        expect(await streamHolds(wanted, chunksOf(text, size))).toBe(true);
      }
      expect(replaceNeedles(wanted, text, 'somebody')).toBe('a,somebody,b');
    }
  },
);

const escaped = (text: string, letters: RegExp): string =>
  text.replace(
    letters,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`,
  );

// What writers escape: all but ASCII; letters of any kind.
const ESCAPED = [/[^ -~]/g, /[^"\\/]/g];

test.each([...CAPITALS, 'Ann "X" 😀/Lee', '\u212aelvin'])(
  'finds %s where letters are escapes, in JSON within JSON as well, wherever a chunk ends',
  async (name) => {
    const wanted = { texts: [folded(name)], values: [] };
    const whole = { texts: [], values: [folded(name)] };
    const plain = JSON.stringify(name).replaceAll('/', '\\/');
    for (const spelled of ESCAPED.map((letters) => escaped(plain, letters))) {
      expect(JSON.parse(spelled)).toBe(name);
      const text = `{"of":${spelled}}`;
      for (const needle of [wanted, whole]) {
        for (let size = 1; size <= 30; size += 7) {
          expect(await streamHolds(needle, chunksOf(text, size))).toBe(true);
        }
        expect(createFinder(needle)(text)).toBe(true);
        expect(replaceNeedles(needle, text, 'somebody')).toBe('{"of":"somebody"}');
      }
      const within = JSON.stringify({ line: text });
      expect(createFinder(wanted)(within)).toBe(true);
      const replaced = JSON.parse(replaceNeedles(wanted, within, 'somebody')) as object;
      expect(replaced).toEqual({ line: '{"of":"somebody"}' });
    }
    expect(createFinder(wanted)(escaped('"Ömer Yılmas"', /[^ -~]/g))).toBe(false);
  },
);

test('a folded text is as long as the text', () => {
  for (let code = 0; code < 0x110000; code += 1) {
    const letter = String.fromCodePoint(code);
    if (folded(letter).length !== letter.length) throw new Error(`U+${code.toString(16)}`);
  }
});

test('finds bytes wherever a chunk ends', async () => {
  const text = `${'x'.repeat(40)}müller \\"x\\"${'y'.repeat(40)}`;
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 90 }), async (size) => {
      expect(await streamHolds(needles, chunksOf(text, size))).toBe(true);
    }),
  );
});

test('one of several is enough, also where its letters are escapes', async () => {
  const wanted = { texts: ['ann@example.org', 'ömer yılmaz'], values: ['joann lee'] };
  const text = `{"of":${escaped('"Ömer Yılmaz"', /[^ -~]/g)}}`;
  expect(createFinder(wanted)(text)).toBe(true);
  expect(await streamHolds(wanted, chunksOf(text, 5))).toBe(true);
});

test('of one that is part of another nothing is left beside what stands in its place', () => {
  const wanted = { texts: ['ann lee', 'ann lee-smith'], values: [] };
  expect(replaceNeedles(wanted, '{"of":"Ann Lee-Smith, Ann Lee"}', 'x')).toBe('{"of":"x, x"}');
});

test.each([
  ['what is looked for', needles, 500 + 15 * 13],
  ['nothing', { texts: [], values: [] }, 500],
])('of a long stream no more than a chunk is held, beside %s', async (_what, wanted, most) => {
  const includes = jest.spyOn(String.prototype, 'includes');
  try {
    expect(await streamHolds(wanted, chunksOf('x'.repeat(20_000), 500))).toBe(false);
    const held = includes.mock.contexts.map((text) => String(text).length);
    expect(Math.max(...held)).toBeLessThanOrEqual(most);
  } finally {
    includes.mockRestore();
  }
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

test('the name of a field is nobody, unless it is more than a word', () => {
  const odd = { texts: ['country', '0a1b2c3d4e5f6071'], values: ['status'] };
  const finds = createFinder(odd);
  expect(finds('{"country":"x", "Status" : 1, "my_country":2}')).toBe(false);
  expect(finds('{"of":"my country"}')).toBe(true);
  expect(finds('{"of":["Status"]}')).toBe(true);
  expect(finds('{"0a1b2c3d4e5f6071":1}')).toBe(true);
  const text = '{"country":"Country","status":["status","my status"],"0a1b2c3d4e5f6071":1}';
  const replaced = '{"country":"x","status":["x","my status"],"x":1}';
  expect(replaceNeedles(odd, text, 'x')).toBe(replaced);
});
