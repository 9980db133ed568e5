/** What a person is told to type can be copied, and times are legible. */
import { moment } from '../../../cli/voice';
import { ERRORS } from '../../../core/errors';
import { fakeClient, fakeContext, run } from './fake-surroundings';

test('every command of a remedy can be copied in a clone', () => {
  const remedies = Object.values(ERRORS).map(({ remedy }) => remedy);
  expect(remedies.filter((remedy) => remedy.includes('`npx watchlake '))).not.toEqual([]);
  expect(remedies.filter((remedy) => /`watchlake /.test(remedy))).toEqual([]);
});

test('a status without a stack says what to type', async () => {
  const services = { readState: async () => null, supervisorOf: async () => null };
  const { stdout } = await run(['status'], { services });
  expect(stdout).toContain('`npx watchlake up` starts it');
});

test('a refresh names the rows in quarantine of each table', async () => {
  const table = { snapshotId: 's', rows: 9, reused: false, dropped: {}, noted: {} };
  const sick = { ...table, quarantined: { late: 1 }, firstProblems: ['a.csv:7 late'] };
  const well = { ...table, quarantined: {}, firstProblems: [] };
  const result = { releaseId: 'r', tables: { windows: well, recordings_trusted: sick } };
  const services = { connect: async () => fakeContext({ client: fakeClient({ result }, []) }) };
  const { stdout } = await run(['refresh', 'trial', '--home', '/tmp/a'], { services });
  const hints = stdout.split('\n').filter((line) => line.includes('more of them'));
  const command = 'npx watchlake quarantine show recordings_trusted --dataset trial --home /tmp/a';
  expect(hints).toEqual([`  more of them: ${command}`]);
});

test.each([
  [['refresh', 'trial'], ['windows', 'window_features'], 'loop --dataset trial'],
  [
    ['stedi', 'run'],
    ['customer_landing', 'machine_learning_curated'],
    'query "SELECT * FROM machine_learning_curated LIMIT 5" --dataset stedi',
  ],
])('%j says what comes next', async (words, names, next) => {
  const facts = { snapshotId: 's', rows: 9, reused: false, dropped: {}, noted: {} };
  const table = { ...facts, quarantined: {}, firstProblems: [] };
  const tables = Object.fromEntries(names.map((name) => [name, table]));
  const result = { releaseId: 'r', tables };
  const services = { connect: async () => fakeContext({ client: fakeClient({ result }, []) }) };
  const { stdout } = await run([...words, '--home', '/tmp/a'], { services });
  expect(stdout.trimEnd().split('\n').at(-1)).toBe(`  next: npx watchlake ${next} --home /tmp/a`);
});

test('a time is told to the second, in UTC', () => {
  expect(moment('2026-11-27T03:40:44.896Z')).toBe('2026-11-27 03:40:44 UTC');
});

test('campaigns show legible times; --json keeps the standard form', async () => {
  const openedAt = '2026-11-27T03:40:44.896Z';
  const named = { campaign: 'c', dataset: 'trial', model: 'activity', status: 'closed', openedAt };
  const campaign = { ...named, tasks: 1, answered: 1, skipped: 0 };
  const annotation = { listCampaigns: async () => [campaign] };
  const services = {
    connect: async () => fakeContext({ annotation } as never),
    readState: async () => null,
  };
  const shown = await run(['campaigns', 'list'], { services });
  expect(shown.stdout).toContain('2026-11-27 03:40:44 UTC');
  const asJson = await run(['campaigns', 'list', '--json'], { services });
  expect(asJson.stdout).toContain(openedAt);
});
