/** Whoever is called by digits alone is found where a text names them, and nowhere among numbers. */
import fc from 'fast-check';
import { namesIn } from '../../../core/names-in';
import { createFinder, createOverlap, replaceNeedles, streamHolds } from '../../../core/needles';
import { isNumeral } from '../../../core/numerals';
import { literal } from '../../../lakehouse/engines/duckdb-session';
import { cellHoldsSql, lineHoldsSql, textHoldsSql } from '../../../lakehouse/erasure/hold-sql';
import { needlesOf } from '../../../lakehouse/erasure/person';
import { valuesOf } from '../../support/duckdb';
import {
  BARE_CASES,
  JSON_CASES,
  NUMERAL,
  NUMERAL_NEEDLES,
  TEXT_CASES,
} from '../../support/numeral-cases';

const CASES = [...JSON_CASES, ...TEXT_CASES, ...BARE_CASES];
const finds = createFinder(NUMERAL_NEEDLES);

async function* chunksOf(text: string, size: number) {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

test.each(CASES)('in texts: $text', async ({ text, replaced }) => {
  expect(finds(text)).toBe(replaced !== null);
  expect(replaceNeedles(NUMERAL_NEEDLES, text, 'x')).toBe(replaced ?? text);
  if (replaced === null) return;
  for (const size of [1, 5]) {
    expect(await streamHolds(NUMERAL_NEEDLES, chunksOf(text, size))).toBe(true);
  }
});

test('in tables', async () => {
  const expected = CASES.map(({ replaced }) => replaced !== null);
  const texts = CASES.map(({ text }) => literal(text));
  const inTexts = texts.map((text) => textHoldsSql(text, NUMERAL_NEEDLES));
  expect(await valuesOf(inTexts)).toEqual(expected);
  const inLines = texts.map((text) => lineHoldsSql(text, NUMERAL_NEEDLES, []));
  expect(await valuesOf(inLines)).toEqual(expected);
  const cells = [
    ['subject', NUMERAL],
    ['device', ` ${NUMERAL} `],
    ['subject', `${NUMERAL}5`],
    ['timestamp_ms', NUMERAL],
    ['raw', '{"subject":"100234","ax":"0.5"}'],
    ['raw', '{"subject":"ada","ax":"100234","ay":"0.5"}'],
    ['raw', '{"subject":"ada","said":"100234 left"}'],
    ['raw', '{"subject" : " 100234 ","ax":"0.5"}'],
    ['raw', '{"subject":"ada","ax":" 100234 ","ay":"  100234"}'],
  ] as const;
  const named = cells.map(([column, cell]) => cellHoldsSql(column, literal(cell), NUMERAL_NEEDLES));
  expect(await valuesOf(named)).toEqual([
    ...[true, true, false, false, true, false, true, true, false],
  ]);
});

test('replacing leaves JSON as it is, but for its texts', () => {
  const numbers = fc.oneof(
    fc.constantFrom(100234, -100234, 1.100234, 100234.5, 100234e10, 1002345, 1.5e-7),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
  );
  const texts = fc
    .array(fc.constantFrom(NUMERAL, 'a', '"', '\\', '/', ' ', ',', ':', '.', '-', '\n', '5', 'ö'))
    .map((parts) => parts.join(''));
  const entry = fc.tuple(texts, fc.array(fc.oneof(numbers, texts)));
  const document = fc.array(entry.map(([name, values]) => ({ [name]: values })));
  const shape = (value: unknown): unknown =>
    JSON.parse(JSON.stringify(value), (_name, each: unknown) =>
      typeof each === 'string' ? '' : each,
    ) as unknown;
  fc.assert(
    fc.property(document, fc.constantFrom(0, 2), (value, indent) => {
      const text = JSON.stringify(value, null, indent);
      const replaced = replaceNeedles(NUMERAL_NEEDLES, text, 'hash');
      const after = JSON.parse(replaced) as typeof value;
      expect(after.map(Object.values).map(shape)).toEqual(value.map(Object.values).map(shape));
      expect(finds(replaced)).toBe(false);
    }),
  );
});

test('numbers of others do not make it a part of what they are called', () => {
  const own = [NUMERAL];
  expect(needlesOf({ own, others: ['1002345', 'a100234'] })).toMatchObject({ texts: own });
  expect(needlesOf({ own, others: ['watch-100234'] })).toMatchObject({ values: own });
  const overlap = createOverlap(own);
  for (const name of ['1002345', 'watch-100234', 'a100234']) overlap.add(name);
  expect(overlap.found).toEqual(['watch-100234']);
});

test('in broken messages a bare number is nobody', () => {
  expect(namesIn('{"steps":100234, 200345 , abcdef "w"').has('200345')).toBe(false);
  expect(namesIn('{"steps":100234, 200345 , abcdef "w"').has('abcdef')).toBe(true);
  expect(namesIn('{"device_id":"100234",').has('100234')).toBe(true);
});

test.each(['E100234', '12-34-5678'])('%s is a name wherever it stands', (name) => {
  const text = `v1;${name};72;bad`;
  expect(createFinder({ texts: [name], values: [] })(text)).toBe(true);
  expect(namesIn(text).has(name)).toBe(true);
});

test.each([
  ['100234', true],
  ['7', true],
  ['12.25', true],
  ['12.', true],
  ['.25', true],
  ['-1.5E7', true],
  ['2026-03-02', true],
  ['E100234', false],
  ['12-34-5678', false],
  ['192.168.1.10', false],
  ['e', false],
  ['u-17', false],
  ['0a1b2c3d4e5f6071', false],
])('%s', (name, isOne) => expect(isNumeral(name)).toBe(isOne));
