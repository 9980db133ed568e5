import { fewOf } from '../../../core/few-of';

test('a sentence lists a few names, and counts the rest', () => {
  expect(fewOf([])).toBeUndefined();
  expect(fewOf(['a', 'b'], 2)).toBe('a, b');
  expect(fewOf(['a', 'b', 'c'], 1)).toBe('a and 2 more');
});
