/** Numbers are rounded, signed and named the same way everywhere. */
import * as format from '../../../report/format';

test('rounds scores to three decimals and says when there is none', () => {
  expect(format.score(0.82349)).toBe('0.823');
  expect(format.score(null)).toBe('–');
  expect(format.score(NaN)).toBe('–');
});

test('signs differences, but not one that rounds to nothing', () => {
  expect(format.signed(0.0614)).toBe('+0.061');
  expect(format.signed(-0.0125)).toBe('−0.013');
  expect(format.signed(-0.0001)).toBe('0.000');
});

test.each([
  [0, '0.0 s'],
  [59.94, '59.9 s'],
  [59.96, '1 min 0 s'],
  [143.2, '2 min 23 s'],
  [3_599.7, '1 h 0 min'],
  [7_380, '2 h 3 min'],
])('writes %p seconds as %p', (seconds, text) => {
  expect(format.duration(seconds)).toBe(text);
});

test.each([
  [10_000, '10 s'],
  [90_000, '90 s'],
  [300_000, '5 min'],
  [7_200_000, '2 h'],
  [604_800_000, '7 d'],
])('writes a length of %p ms as %p', (ms, text) => {
  expect(format.lengthOf(ms)).toBe(text);
});

test('writes whole figures whole and others with three digits that count', () => {
  expect(format.figure(244_102)).toBe('244,102');
  expect(format.figure(-0.08164)).toBe('−0.0816');
  expect(format.figure(0.0000123)).toBe('0.000012');
  expect(format.figure(null)).toBe('–');
});

test('never writes a p-value as nought', () => {
  expect(format.pValue(0.0004)).toBe('< 0.001');
  expect(format.pValue(0.015625)).toBe('0.016');
});

test('tells a calendar from a clock that began at zero', () => {
  expect(format.deviceTime(3_750_000)).toBe('1:02:30');
  expect(format.deviceTime(Date.UTC(2026, 2, 14, 9, 26, 53))).toBe('2026-03-14 09:26:53');
  expect(format.deviceTime(Date.UTC(2026, 2, 14, 9, 26))).toBe('2026-03-14 09:26');
});

test('says small numbers in words and counts their noun', () => {
  expect(format.inWords(6)).toBe('six');
  expect(format.inWords(40)).toBe('40');
  expect(format.counted(1, 'window')).toBe('1 window');
  expect(format.counted(1_200, 'window')).toBe('1,200 windows');
});
