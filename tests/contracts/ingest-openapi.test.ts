/** The OpenAPI document says what the server does, and the other way round. */
import { startIngest, type TestIngest } from '../support/ingest';
import { INSTALL_LIMIT_MS } from '../../stack/python';
import { checkDocument } from '../support/schemathesis';

let ingest: TestIngest;
beforeAll(async () => {
  // No schema can say which moments are in the future.
  ingest = await startIngest({ limits: { clockAheadMs: Number.MAX_SAFE_INTEGER } });
});
afterAll(() => ingest.close());

test(
  'requests that a tool derives from the document are answered as it says',
  async () => {
    const { clean, output } = await checkDocument(ingest.url, 25);
    if (!clean) throw new Error(output);
    expect(output).toContain('Tested: 4');
  },
  INSTALL_LIMIT_MS,
);
