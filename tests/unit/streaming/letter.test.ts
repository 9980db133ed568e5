/** What becomes of a message that nobody can use, whatever it looks like. */
import { letterOf } from '../../../streaming/letter';

const message = { key: 'watch-1', value: Buffer.from('no batch'), headers: { small: 'kept' } };

test('a message of usual size stays as it is, with the reason beside it', () => {
  expect(letterOf(message, { reason: 'malformed' })).toEqual({
    ...message,
    headers: { small: 'kept', reason: 'malformed' },
  });
});

test('a message without key and value becomes a letter without them', () => {
  expect(letterOf({ key: null, value: null, headers: {} }, { reason: 'empty' })).toEqual({
    ...{ key: null, value: null, headers: { reason: 'empty' } },
  });
});

test('a long key and a long detail are cut, and no letter of theirs is doubled', () => {
  const { key, headers } = letterOf(
    { ...message, key: 'k'.repeat(4_001) },
    { detail: 'd'.repeat(9_000), reason: 'r'.repeat(4_000) },
  );
  expect(key).toBe('k'.repeat(4_000));
  expect(headers).toMatchObject({ detail: 'd'.repeat(4_000), reason: 'r'.repeat(4_000) });
});

test('headers are kept as long as all of them together have room', () => {
  const names = Array.from({ length: 40 }, (_, at) => `header-${10 + at}`);
  const many = Object.fromEntries(names.map((name) => [name, 'v'.repeat(1_000)]));
  const { headers } = letterOf({ ...message, headers: many }, {});
  // Each takes 9 bytes for its name, 1,000 for its value and 16 around them: 29 fit into 30,000.
  expect(Object.keys(headers ?? {})).toHaveLength(29 + 1);
  expect(headers).toMatchObject({ 'header-38': 'v'.repeat(1_000), 'headers-left-out': '11' });
});
