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

test('the ledger tells the newest first, and when each was said to have been', async () => {
  const ledger = createConsent(database.pool, 'secret');
  const of = { dataset: 'told', subject: '00000000000000cc' };
  const [first, second] = ['2026-01-01T00:00:00.000Z', '2026-02-01T00:00:00.000Z'];
  await ledger.recordGrant({ ...of, at: first });
  await ledger.recordWithdrawal({ ...of, at: second });
  expect(await ledger.entries(of)).toMatchObject([
    { grantedAt: null, withdrawnAt: second },
    { grantedAt: first, withdrawnAt: null },
  ]);
  expect(await ledger.entries({ ...of, limit: 1 })).toHaveLength(1);
});

test('a grant takes nobody else off the list, and the person off that of no other dataset', async () => {
  const list = createConsent(database.pool, 'secret');
  const [ann, ben] = ['00000000000000aa', '00000000000000bb'];
  const [shared, own] = ['00000000000000d1', '00000000000000d2'];
  const suppress = (dataset: string, subject: string, ...keys: string[]) =>
    list.suppress({ dataset, subject, keys: [subject, ...keys], run: 'run' });
  await suppress('one', ann, shared, own);
  const since = await list.suppressedSince({ dataset: 'one', subject: ann });
  await suppress('one', ann, shared, '00000000000000d3');
  await suppress('one', ben, shared);
  await suppress('two', ann);
  expect(await list.suppressedSince({ dataset: 'one', subject: ann })).toBe(since);
  expect(await list.suppressedDatasets()).toEqual(['one', 'two']);
  await list.recordGrant({ dataset: 'one', subject: ann });
  expect([...(await list.keys('one'))].sort()).toEqual([ben, shared]);
  expect([...(await list.keys('two'))]).toEqual([ann]);
  expect(await list.suppressedSince({ dataset: 'one', subject: ann })).toBeNull();
});

test('an open case keeps what it knows, opens in no other place, and counts for its dataset', async () => {
  const cases = createConsent(database.pool, 'secret');
  const of = (subject: string) => ({ dataset: 'sealed', subject });
  const [ann, ben] = [of('00000000000000aa'), of('00000000000000bb')];
  await cases.openCase(ann, { identifier: 'ann' });
  await cases.openCase(ann, { identifier: 'somebody else' });
  await cases.openCase(ben, { identifier: 'ben' });
  await cases.openCase({ ...ann, dataset: 'sealed-too' }, { identifier: 'ann' });
  expect(await cases.readCase(ann)).toEqual({ identifier: 'ann' });
  expect(await cases.openCases(ann)).toBe(2);
  await database.pool.query(
    `UPDATE consent.cases SET sealed = (SELECT sealed FROM consent.cases WHERE dataset = $1 AND subject = $2)
      WHERE dataset = $1 AND subject = $3`,
    [ann.dataset, ann.subject, ben.subject],
  );
  const refusal = { code: 'SUBJECT_KEY_CHANGED' };
  await expect(cases.readCase(ben)).rejects.toMatchObject(refusal);
  const others = createConsent(database.pool, 'another secret');
  await expect(others.readCase(ann)).rejects.toMatchObject(refusal);
  await cases.closeCase(ann);
  expect([await cases.openCases(ann), await cases.isOpen(ben)]).toEqual([1, true]);
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
