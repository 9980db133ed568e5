/** The erasure: in this order, with the tables rebuilt, the champion retrained and a proof. */
import { setTimeout as pause } from 'node:timers/promises';
import { failing, failureOf, useWorkflows } from '../support/workflow-environment';

const { fakes, run, start, client } = useWorkflows();

const SUBJECT = '00000000000000aa';
const INPUT = { dataset: 'watch', subject: SUBJECT };

const orderOf = (names: readonly (keyof typeof fakes)[]): string[] =>
  names
    .flatMap((name) => fakes[name].mock.invocationCallOrder.map((at) => ({ name, at })))
    .sort((a, b) => a.at - b.at)
    .map(({ name }) => name);

test('suppresses first, rebuilds before it removes, and proves last', async () => {
  const result = await run('eraseSubject', INPUT);
  expect(
    orderOf([
      'suppressSubject',
      'findSubject',
      'rewriteLanding',
      'publishRelease',
      'eraseRecords',
      'eraseMessages',
      'removeHoldings',
      'proveErasure',
    ]),
  ).toEqual([
    'suppressSubject',
    'findSubject',
    'rewriteLanding',
    'rewriteLanding',
    'publishRelease',
    'eraseRecords',
    'eraseMessages',
    'removeHoldings',
    'proveErasure',
  ]);
  expect(result).toMatchObject({
    subject: SUBJECT,
    removedRows: { customer_landing: 1, predictions: 12 },
    proof: `proofs/erasure/${SUBJECT}/0123456789abcdef.json`,
  });
});

test('counts once what both passes over the landing tables tell of', async () => {
  const refresh = null;
  fakes.taintedVersions.mockResolvedValue([]);
  fakes.rewriteLanding.mockResolvedValueOnce({ rows: { customer_landing: 1 }, refresh });
  // An ingest that began meanwhile had put back two: each time all that has gone so far.
  fakes.rewriteLanding.mockResolvedValueOnce({ rows: { customer_landing: 3 }, refresh });
  const { removedRows } = await run('eraseSubject', INPUT);
  expect(removedRows).toMatchObject({ customer_landing: 3 });
});

test('tells the removal since when nobody works who began before', async () => {
  await run('eraseSubject', INPUT);
  const [first, second] = fakes.awaitWriters.mock.calls.map(([{ before }]) => before);
  expect(Date.parse(second as string)).toBeGreaterThanOrEqual(Date.parse(first as string));
  expect(fakes.removeHoldings).toHaveBeenCalledWith({ ...INPUT, since: second });
});

test('hands the proof what was done', async () => {
  await run('eraseSubject', INPUT);
  const [request] = fakes.proveErasure.mock.calls[0] as [{ facts: object; run: string }];
  expect(request.facts).toMatchObject({
    records: { labels: 2, tasks: 3 },
    removedObjects: { snapshots: 4 },
    retrainings: ['retrain/activity'],
  });
});

// Of their own: retrainings that the tests above have started may still work on theirs.
function championOf(model: string) {
  fakes.taintedVersions.mockResolvedValue([
    { model, version: '1', dataset: 'watch', seed: 7, isChampion: true },
    { model, version: '2', dataset: 'watch', seed: 7, isChampion: false },
  ]);
  let release = () => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  let begin = () => {};
  const begun = new Promise<void>((resolve) => (begin = resolve));
  fakes.freezeTrainingSet.mockImplementation(async (call) => {
    if (call.model === model) {
      begin();
      await held;
    }
    return { snapshotId: 's', rows: 1, subjects: 1, staleLabels: 0 };
  });
  return { begun, release };
}

test('starts the retraining of a champion, which goes on by itself, and of no other version', async () => {
  const { begun, release } = championOf('started');
  const { retrainings } = await run('eraseSubject', INPUT);
  expect(retrainings).toEqual(['retrain/started']);
  const retraining = client().workflow.getHandle('retrain/started');
  expect((await retraining.describe()).status.name).toBe('RUNNING');
  await begun;
  release();
  await retraining.terminate();
});

test('the retraining waits while another one of the model works', async () => {
  championOf('busy').release();
  fakes.takeLease.mockImplementation(async ({ name, holder }) => {
    const isHeld = name === 'retrain/busy';
    return { acquired: !isHeld, holder: isHeld ? 'retrain/other' : holder, expiresAt: '' };
  });
  const { retrainings } = await run('eraseSubject', INPUT);
  expect(retrainings).toEqual(['retrain/busy']);
  const retraining = client().workflow.getHandle('retrain/busy');
  const step = async () => (await retraining.query<{ step: string }>('progress')).step;
  for (let looks = 0; looks < 100 && (await step()) === 'checking the input'; looks += 1)
    await pause(50);
  expect(await step()).toBe('waiting for retrain/other');
  await retraining.terminate();
});

test('starts one of its own behind a retraining that runs already, which may promote nothing', async () => {
  const { begun, release } = championOf('joined');
  const input = { dataset: 'watch', model: 'joined', shuffleLabels: true };
  const running = await start('retrain', input, { workflowId: 'retrain/joined' });
  await begun;
  const { retrainings } = await run('eraseSubject', INPUT);
  expect(retrainings).toEqual([`retrain/joined/erase/${SUBJECT}`]);
  release();
  await running.terminate();
  await client().workflow.getHandle(`retrain/joined/erase/${SUBJECT}`).terminate();
});

test('retrains nothing when no champion learned from the person', async () => {
  fakes.taintedVersions.mockResolvedValue([
    { model: 'activity', version: '1', dataset: 'watch', seed: 7, isChampion: false },
  ]);
  const { models, retrainings } = await run('eraseSubject', INPUT);
  expect([models.length, retrainings]).toEqual([1, []]);
});

test('leaves tables unbuilt that were never built', async () => {
  fakes.taintedVersions.mockResolvedValue([]);
  fakes.rewriteLanding.mockResolvedValue({ rows: { customer_landing: 1 }, refresh: null });
  await run('eraseSubject', INPUT);
  expect(fakes.planRefresh).not.toHaveBeenCalled();
});

test('builds tables that a run has built meanwhile, by its options', async () => {
  fakes.taintedVersions.mockResolvedValue([]);
  const rows = { customer_landing: 1 };
  const options = (consent: 'any' | 'from-date') => ({
    dataset: 'watch',
    options: { consent, association: 'person' as const, from: 'catalog' as const },
  });
  fakes.rewriteLanding.mockResolvedValueOnce({ rows, refresh: null });
  fakes.rewriteLanding.mockResolvedValueOnce({ rows, refresh: options('any') });
  await run('eraseSubject', INPUT);
  expect(fakes.planRefresh).toHaveBeenLastCalledWith(expect.objectContaining(options('any')));
  fakes.rewriteLanding.mockResolvedValueOnce({ rows, refresh: options('from-date') });
  fakes.rewriteLanding.mockResolvedValueOnce({ rows, refresh: options('any') });
  await run('eraseSubject', INPUT);
  expect(fakes.planRefresh).toHaveBeenCalledTimes(2);
  expect(fakes.planRefresh).toHaveBeenLastCalledWith(expect.objectContaining(options('any')));
});

test('fails where the person is still found, and says so', async () => {
  fakes.taintedVersions.mockResolvedValue([]);
  fakes.proveErasure.mockImplementation(failing('ERASURE_INCOMPLETE'));
  expect(await failureOf(run('eraseSubject', INPUT))).toContain('ERASURE_INCOMPLETE');
});

test('removes nothing when a table cannot be rebuilt', async () => {
  fakes.buildTable.mockImplementation(failing('CHECK_FAILED'));
  expect(await failureOf(run('eraseSubject', INPUT))).toContain('CHECK_FAILED');
  expect(fakes.removeHoldings).not.toHaveBeenCalled();
});
