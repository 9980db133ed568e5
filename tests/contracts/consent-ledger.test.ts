/** The ledger of consents as the command line reads it: a dataset that nobody knows is said. */
import { proofKey } from '../../activities/erasure-proof';
import { createConsent } from '../../consent/consent';
import { writeJson } from '../../lakehouse/json';
import type { Lake } from '../../lakehouse/lake';
import { removeFromLake } from '../../lakehouse/removal';
import { loadConfig } from '../../workers/config';
import { commandConsent, type CommandConsent } from '../../workers/consent';
import { createTestDatabase, type TestDatabase } from '../support/database';
import {
  archiveFiles,
  ingestInto,
  newLake,
  temporaryFolder,
  writeZip,
} from '../support/recordings';

const folder = temporaryFolder();
let database: TestDatabase;
let consent: CommandConsent;
let lake: Lake;

beforeAll(async () => {
  database = await createTestDatabase();
  lake = newLake(folder.path());
  const source = await writeZip(folder.path(), archiveFiles([{ recording: 'r1' }]));
  await ingestInto(lake, { source, dataset: 'watch' });
  const config = loadConfig({ WATCHLAKE_HOME: folder.path() });
  consent = commandConsent(config, database.pool, (work) => work(lake));
  const ledger = createConsent(database.pool, 'secret');
  await ledger.recordGrant({ dataset: 'former', subject: '0123456789abcdef' });
});
afterAll(() => database.drop());

test('a dataset that neither the ledger nor the lake has is said, with those that there are', async () => {
  await expect(consent.entries('nope')).rejects.toMatchObject({
    code: 'DATASET_NOT_FOUND',
    message: 'There is no dataset nope; there are: watch.',
  });
});

test('one of either has as many entries as it has, and so has that of devices', async () => {
  expect(await consent.entries('former')).toHaveLength(1);
  expect(await consent.entries('watch')).toEqual([]);
  expect(await consent.entries('devices')).toEqual([]);
  expect(await consent.entries()).toHaveLength(1);
});

test('a consent is given anew by whoever had withdrawn, and each time by another entry', async () => {
  const ledger = createConsent(database.pool, 'secret');
  const of = (subject: string) => ({ dataset: 'former', subject });
  const [ann, ben] = [of('00000000000000aa'), of('00000000000000bb')];
  await ledger.recordGrant(ann);
  await ledger.recordWithdrawal(ben);
  expect(await ledger.newestRenewal()).toBe(0);
  await ledger.recordGrant(ben);
  const first = await ledger.newestRenewal();
  await ledger.recordWithdrawal(ben);
  await ledger.recordGrant(ben);
  const second = await ledger.newestRenewal();
  await ledger.recordGrant(ben);
  expect([first > 0, second > first, await ledger.newestRenewal()]).toEqual([true, true, second]);
});

test('nobody consents anew while their erasure is under way', async () => {
  const ledger = createConsent(database.pool, 'secret');
  const name = await consent.openCase('watch', 's1');
  await expect(consent.grant('watch', 's1')).rejects.toMatchObject({ code: 'ERASURE_UNFINISHED' });
  expect(await ledger.entries(name)).toEqual([]);
  await ledger.closeCase(name);
  expect(await consent.grant('watch', 's1')).toMatchObject({ ...name, added: true });
});

test('who was erased is proved so also when the dataset was removed since', async () => {
  const source = await writeZip(folder.path(), archiveFiles([{ recording: 'r1' }]));
  await ingestInto(lake, { source, dataset: 'gone' });
  const name = await consent.caseOf('gone', 's1');
  await writeJson(lake.store, proofKey(name, 'run'), { ...name, provedAt: '2026-11-28' });
  const removeRecords = async () => {};
  await removeFromLake(lake, { dataset: 'gone', removeRecords });
  expect((await consent.proof('gone', ' s1')).proof).toMatchObject(name);
  await expect(consent.proof('gone', 's2')).rejects.toMatchObject({ code: 'DATASET_NOT_FOUND' });
});
