/** Who goes ahead when several may start the same: told by the claim, and by how long it was waited for. */
import { startOnce } from '../../../../lakehouse/engines/jobs/start-once';
import { openLake } from '../../../../lakehouse/lake';
import { contextNamed } from '../../../support/jobs/made-table';
import { temporaryFolder } from '../../../support/recordings';

const folder = temporaryFolder();
const GRACE_MS = 50;
const HOUR_MS = 3_600_000;

test('a claim of somebody whose clock is ahead is waited for no longer than any other', async () => {
  const { store } = openLake({ uri: folder.path() });
  const at = new Date(Date.now() + HOUR_MS).toISOString();
  const others = { ...contextNamed('other'), holder: 'gone' };
  const chosen = await startOnce({
    ...{ store, folder: 'made/', context: contextNamed('mine'), graceMs: GRACE_MS },
    claim: { formatVersion: 1, session: others.session, holder: others.holder, place: 'p', at },
    find: async () => [],
    start: async () => 'started',
    stop: async () => undefined,
    isEnded: async () => false,
    // Long after the grace, and long before the other's clock is reached.
    signal: AbortSignal.timeout(100 * GRACE_MS),
  });
  expect(chosen).toMatchObject({ id: 'started', session: contextNamed('mine').session });
});
