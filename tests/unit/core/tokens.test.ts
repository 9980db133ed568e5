/** Who may do what at an HTTP door. */
import {
  authorize,
  hashToken,
  isLoopback,
  newToken,
  parseTokens,
  requireProtection,
  roleOf,
} from '../../../core/tokens';

const SECRET = 'a-long-enough-secret';

test('a token gives its role, written in clear or as a digest', () => {
  const tokens = parseTokens(`annotator:${SECRET}, operator:${hashToken('another-long-secret')}`);
  expect(roleOf(tokens, `Bearer ${SECRET}`)).toBe('annotator');
  expect(roleOf(tokens, 'bearer another-long-secret')).toBe('operator');
});

test('neither the secret nor its digest as such opens the door the other way round', () => {
  const tokens = parseTokens(`annotator:${SECRET}`);
  expect(roleOf(tokens, `Bearer ${hashToken(SECRET)}`)).toBeNull();
  expect(JSON.stringify(tokens)).not.toContain(SECRET);
});

test.each([undefined, '', 'Bearer', 'Bearer ', `Basic ${SECRET}`, `Bearer ${SECRET}x`])(
  'the header %p is not let in',
  (header) => {
    expect(() => authorize(parseTokens(`reader:${SECRET}`), header, 'read')).toThrow(
      expect.objectContaining({ code: 'UNAUTHORIZED' }) as Error,
    );
  },
);

test('a role does only what it was given for', () => {
  const tokens = parseTokens(`reader:${SECRET}`);
  expect(() => authorize(tokens, `Bearer ${SECRET}`, 'read')).not.toThrow();
  expect(() => authorize(tokens, `Bearer ${SECRET}`, 'annotate')).toThrow(
    expect.objectContaining({ code: 'FORBIDDEN' }) as Error,
  );
});

test.each(['nobody:a-long-enough-secret', 'reader:short', SECRET])(
  'the configuration %s is refused without quoting a secret',
  (text) => {
    expect.assertions(2);
    try {
      parseTokens(text);
    } catch (error) {
      expect(error).toMatchObject({ code: 'TOKENS_INVALID' });
      expect(String(error)).not.toContain('a-long-enough-secret');
    }
  },
);

test('tokens that we make are long and differ', () => {
  expect(newToken()).not.toBe(newToken());
  expect(parseTokens(`operator:${newToken()}`)).toHaveLength(1);
});

test.each([
  ['127.0.0.1', true],
  ['127.1.2.3', true],
  ['127.10.200.3', true],
  ['localhost', true],
  ['[::1]', true],
  ['::1', true],
  ['0.0.0.0', false],
  ['::', false],
  ['localhost.example.org', false],
  ['127.0.0.1.example.org', false],
  ['10.0.0.1', false],
  ['10.127.0.0.1', false],
])('%s is loopback: %p', (host, expected) => {
  expect(isLoopback(host)).toBe(expected);
});

test('a door for everybody needs a token', () => {
  expect(() => requireProtection('The page', '0.0.0.0', [])).toThrow(
    expect.objectContaining({ code: 'DOOR_UNPROTECTED' }) as Error,
  );
  expect(() =>
    requireProtection('The page', '0.0.0.0', parseTokens(`reader:${SECRET}`)),
  ).not.toThrow();
});
