/** `watchlake consent`: says what would go, erases only when told, and never hands on who it is. */
import type { CommandConsent } from '../../../workers/consent';
import { fakeClient, fakeContext, onlyObject, run, type RunCall } from './fake-surroundings';

const PERSON = 'ada@example.org';
const NAME = { dataset: 'stedi', subject: '00000000000000aa' };
const RESULT = {
  ...NAME,
  removedRows: { customer_landing: 1, accelerometer_landing: 40 },
  removedObjects: { snapshots: 4, objects: 20, bytes: 1000, rewritten: 0 },
  records: { labels: 0, tasks: 0, splits: 0, records: 0 },
  topics: [{ topic: 'watch.samples', removed: 3, kept: 0, retentionMs: null }],
  models: [] as { model: string; version: string; isChampion: boolean }[],
  retrainings: [],
  proof: 'proofs/erasure/00000000000000aa/1.json',
  scanned: { objects: 30, bytes: 5000, databaseRows: 10, messages: 2 },
  waiting: 0,
};

const FOUND = { rows: { customer_landing: 1 }, devices: 1, shared: 2 };

function consentCalls({ survey = FOUND, result = RESULT } = {}) {
  const opened: string[] = [];
  const calls: RunCall[] = [];
  const consent: Partial<CommandConsent> = {
    survey: async () => survey,
    caseOf: async () => NAME,
    openCase: async (_dataset, person) => {
      opened.push(person);
      return NAME;
    },
    grant: async () => ({ ...NAME, added: true }),
    entries: async () => [
      {
        ...NAME,
        ...{ purpose: 'research', grantedAt: null, withdrawnAt: '2026-11-01T00:00:00.000Z' },
        knownAt: '2026-11-02T00:00:00.000Z',
      },
    ],
  };
  const context = fakeContext({
    consent: consent as CommandConsent,
    client: fakeClient({ result }, calls),
  });
  return { opened, calls, services: { connect: async () => context } };
}

test('shows what would go, and starts nothing', async () => {
  const { services, calls, opened } = consentCalls();
  const { exitCode, stdout } = await run(['consent', 'withdraw', PERSON, '--dry-run', '--json'], {
    services,
  });
  expect(exitCode).toBe(0);
  const rows = { customer_landing: 1 };
  expect(JSON.parse(stdout)).toMatchObject({ ok: true, dryRun: true, ...NAME, rows, shared: 2 });
  expect([calls, opened]).toEqual([[], []]);
});

test('asks before it erases', async () => {
  const { services, calls, opened } = consentCalls();
  const { exitCode, stderr } = await run(['consent', 'withdraw', PERSON], { services });
  expect(exitCode).toBe(1);
  expect(stderr).toContain('customer_landing');
  expect(stderr).toContain('erases 1 row of a person from stedi for good');
  expect([calls, opened]).toEqual([[], []]);
});

test('seals who it is and starts the erasure with the hash alone', async () => {
  const { services, calls, opened } = consentCalls();
  const { exitCode, stdout, stderr } = await run(['consent', 'withdraw', PERSON, '--yes'], {
    services,
  });
  expect(exitCode).toBe(0);
  expect(opened).toEqual([PERSON]);
  const workflowId = `erase/${NAME.subject}`;
  expect(calls).toEqual([{ workflow: 'eraseSubject', workflowId, input: NAME }]);
  expect(JSON.stringify(calls) + stdout + stderr).not.toContain(PERSON);
  expect(stdout).toContain(RESULT.proof);
});

test.each([
  ['of whom nothing had landed', 0, 0, true],
  ['whose rows went', 1, 1, false],
  ['whose rows a run before it had removed', 0, 1, false],
])('who erases a person %s: told to check the spelling', async (_who, landed, removed, isTold) => {
  const { services } = consentCalls({
    survey: { ...FOUND, rows: { customer_landing: landed } },
    result: { ...RESULT, removedRows: { customer_landing: removed, accelerometer_landing: 0 } },
  });
  const words = ['consent', 'withdraw', PERSON, '--yes'];
  const told = await run(words, { services });
  expect(told.stdout.includes('check the spelling')).toBe(isTold);
  const { notes } = onlyObject((await run([...words, '--json'], { services })).stdout);
  expect(notes).toHaveLength(isTold ? 1 : 0);
});

test('tells how versions that are no champion go', async () => {
  const models = [
    { model: 'activity', version: '3', isChampion: false },
    { model: 'activity', version: '4', isChampion: true },
  ];
  const { services } = consentCalls({ result: { ...RESULT, models } });
  const { stdout } = await run(['consent', 'withdraw', PERSON, '--yes'], { services });
  expect(stdout).toMatch(/learned from them +activity 3, activity 4\n/);
  expect(stdout).toMatch(/artefacts go by +`npx watchlake models remove activity 3`\n/);
});

test('names the models whose retraining may be tried once more', async () => {
  const models = [
    { model: 'gait', version: '3', isChampion: false },
    { model: 'gait', version: '4', isChampion: true },
    { model: 'sleep', version: '1', isChampion: true },
  ];
  const result = { ...RESULT, models, retrainings: ['retrain/gait', 'retrain/sleep'] as never[] };
  const { services } = consentCalls({ result });
  const words = ['consent', 'withdraw', PERSON, '--yes', '--home', __dirname];
  const { stdout } = await run(words, { services });
  for (const model of ['gait', 'sleep'])
    expect(stdout).toContain(
      `\`npx watchlake retrain --dataset stedi --model ${model} --home ${__dirname}\``,
    );
});

test('lists people by their hashes', async () => {
  const { services } = consentCalls();
  const { stdout } = await run(['consent', 'list'], { services });
  expect(stdout).toContain(NAME.subject);
  expect(stdout).toContain('2026-11-01');
});

test('a dataset without entries is not taken for an empty ledger', async () => {
  const context = fakeContext({ consent: { entries: async () => [] } as never });
  const services = { connect: async () => context };
  const list = ['consent', 'list'];
  expect((await run(list, { services })).stdout).toBe('The ledger has no entries.\n');
  const { stdout } = await run([...list, '--dataset', 'trial'], { services });
  expect(stdout).toBe('The ledger has no entries of trial.\n');
});

test('notes consent given anew', async () => {
  const { services } = consentCalls();
  const { stdout } = await run(['consent', 'grant', PERSON, '--json'], { services });
  expect(JSON.parse(stdout)).toEqual({ ok: true, ...NAME, added: true });
});
