/** The OpenAPI document against the server, at length, and with tokens in force. */
import { parseTokens } from '../../core/tokens';
import { startIngest } from '../support/ingest';
import { checkDocument } from '../support/schemathesis';

const TOKEN = 'operator-secret-of-tests';

test.each([
  ['open', undefined],
  ['closed but for a token', TOKEN],
])(
  'the server is %s',
  async (_what, token) => {
    const ingest = await startIngest({
      // No schema can say which moments are in the future.
      limits: { clockAheadMs: Number.MAX_SAFE_INTEGER },
      tokens: token === undefined ? [] : parseTokens(`operator:${token}`),
    });
    try {
      const { clean, output } = await checkDocument(ingest.url, 300, token);
      if (!clean) throw new Error(output);
      expect(output).toContain('Tested: 4');
    } finally {
      await ingest.close();
    }
  },
  900_000,
);
