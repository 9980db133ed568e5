/** The retraining workflow: the champion moves only by the gate, and the lease comes back always. */
import { ApplicationFailure, Context } from '@temporalio/activity';
import { progressQuery } from '../../workflows/progress';
import { cancelled, compared, comparison, five, six } from '../support/fakes';
import { failing, failureOf, useWorkflows } from '../support/workflow-environment';

const input = { dataset: 'watch', model: 'activity' };
const { fakes, run, start, called } = useWorkflows();

const judges = (figures: ReturnType<typeof comparison>) =>
  fakes.compareVersions.mockResolvedValue(compared(figures));

/** Nothing that a reader of the champion could notice. */
function expectChampionUntouched() {
  expect(fakes.moveChampion).not.toHaveBeenCalled();
  expect(fakes.announceChampion).not.toHaveBeenCalled();
}

function expectLeaseReturned() {
  const [{ holder }] = fakes.takeLease.mock.calls.at(-1) as [{ holder: string }];
  expect(fakes.returnLease).toHaveBeenCalledTimes(1);
  expect(fakes.returnLease).toHaveBeenCalledWith(expect.objectContaining({ holder }));
}

test('promotes a challenger that is better on every subject, and announces it', async () => {
  const result = await run('retrain', input);
  expect(result).toMatchObject({ outcome: 'promote', reason: 'proved-better', pValue: 1 / 64 });
  expect(result.champion?.version).toBe('1');
  expect(result.challenger?.version).toBe('2');
  expect(fakes.moveChampion).toHaveBeenCalledWith(
    expect.objectContaining({ from: '1', to: '2', outcome: 'promote' }),
  );
  expect(fakes.announceChampion).toHaveBeenCalledWith({ model: 'activity', version: '2' });
  expect(fakes.recordVerdict).not.toHaveBeenCalled();
  expectLeaseReturned();
});

test('keeps the champion when only one subject improves', async () => {
  judges(comparison({ champion: six(0.8), challenger: [0.99, ...five(0.8)] }));
  const result = await run('retrain', input);
  expect(result).toMatchObject({ outcome: 'reject', reason: 'not-proved-better' });
  expect(fakes.recordVerdict).toHaveBeenCalledWith(
    expect.objectContaining({ version: '2', outcome: 'reject', reason: 'not-proved-better' }),
  );
  expectChampionUntouched();
  expectLeaseReturned();
});

test('keeps the champion when the audit labels speak against the challenger', async () => {
  const audit = { labels: 40, championAccuracy: 0.9, challengerAccuracy: 0.6 };
  judges(comparison({}, { audit }));
  const result = await run('retrain', input);
  expect(result).toMatchObject({ outcome: 'reject', reason: 'audit-worse' });
  expectChampionUntouched();
});

test('rejects a challenger that learned from a subject who withdrew', async () => {
  judges(comparison({}, { withdrawnSubjects: 1 }));
  const result = await run('retrain', input);
  expect(result).toMatchObject({ outcome: 'reject', reason: 'withdrawn-subject' });
  expectChampionUntouched();
});

test('asks for more labels of each class when five subjects cannot prove anything', async () => {
  judges(comparison({ champion: five(0.7), challenger: five(0.9) }));
  const result = await run('retrain', input);
  expect(result).toMatchObject({ outcome: 'need-more-labels', reason: 'too-few-subjects' });
  expect(result.needed.map(({ label }) => label)).toEqual(['walk', 'rest']);
  expect(result.needed.every(({ count }) => count > 0)).toBe(true);
  expectChampionUntouched();
});

test('follows the gate that it was given', async () => {
  const result = await run('retrain', { ...input, gate: { margin: 0.5 } });
  expect(result).toMatchObject({ outcome: 'reject', reason: 'not-proved-better' });
  expectChampionUntouched();
});

test('says when the holdout has decided too often', async () => {
  judges(comparison({}, { holdoutUses: 21 }));
  expect(await run('retrain', input)).toMatchObject({ newHoldoutAdvised: true });
});

test('is skipped while another run has the lease, naming it', async () => {
  fakes.takeLease.mockResolvedValue({
    acquired: false,
    holder: 'retrain/other',
    expiresAt: '2026-01-01T12:00:00.000Z',
  });
  const result = await run('retrain', input);
  expect(result).toMatchObject({ outcome: 'skipped', reason: 'lease-held' });
  expect(result.explanation).toContain('retrain/other');
  expect(result.explanation).toContain('12:00');
  expect(fakes.freezeTrainingSet).not.toHaveBeenCalled();
  expectChampionUntouched();
});

const HELD = { acquired: false, holder: 'retrain/other', expiresAt: '2026-01-01T12:00:00.000Z' };

test('waits for another retrain where it was told to, and then works', async () => {
  for (let looks = 0; looks < 3; looks += 1) fakes.takeLease.mockResolvedValueOnce(HELD);
  expect(await run('retrain', { ...input, waitMinutes: 20 })).toMatchObject({ outcome: 'promote' });
  expect(fakes.takeLease).toHaveBeenCalledTimes(4);
  expectLeaseReturned();
});

test('is skipped when another retrain goes on for longer than it was told to wait', async () => {
  fakes.takeLease.mockResolvedValue(HELD);
  const result = await run('retrain', { ...input, waitMinutes: 12.5 });
  expect(result).toMatchObject({ outcome: 'skipped', reason: 'lease-held' });
  expect(result.explanation).toContain('waited for 12.5 minutes');
  expect(fakes.takeLease).toHaveBeenCalledTimes(4);
  expectChampionUntouched();
});

test('is skipped when too few labels are new, and says so where it is watched', async () => {
  fakes.countNewLabels.mockResolvedValue({ labels: 24 });
  const handle = await start('retrain', { ...input, minimumNewLabels: 25 });
  const skipped = { reason: 'too-few-new-labels', explanation: '24 new labels, 25 wanted' };
  expect(await handle.result()).toMatchObject({ outcome: 'skipped', ...skipped });
  expect(await handle.query(progressQuery)).toMatchObject({ step: 'skipped', facts: skipped });
  expect(fakes.trainVersion).not.toHaveBeenCalled();
  expectLeaseReturned();
});

test('new people are a reason to train without new labels, when it is told to learn from them', async () => {
  fakes.countNewLabels.mockResolvedValue({ labels: 0, people: 2 });
  const asked = { ...input, minimumNewLabels: 25, newPeople: true };
  expect(await run('retrain', asked)).not.toMatchObject({ outcome: 'skipped' });
  expect(fakes.countNewLabels).toHaveBeenCalledWith(
    expect.objectContaining({ newPeopleOf: { seed: 0 } }),
  );
  expect(fakes.freezeTrainingSet).toHaveBeenCalledWith(
    expect.objectContaining({ newPeople: true }),
  );

  fakes.countNewLabels.mockResolvedValue({ labels: 0, people: 0 });
  expect(await run('retrain', asked)).toMatchObject({
    ...{ outcome: 'skipped', reason: 'too-few-new-labels' },
    explanation: '0 new labels, 25 wanted, and nobody is new',
  });
});

test('freezes labels and judges audit labels as known at one and the same time', async () => {
  await run('retrain', input);
  const [frozen] = fakes.freezeTrainingSet.mock.calls[0] ?? [];
  const [judged] = fakes.compareVersions.mock.calls[0] ?? [];
  expect(frozen?.withLabels).toBe(true);
  expect(judged?.knownUntil).toBe(frozen?.knownUntil);
});

test('shuffles the labels of a negative control alone', async () => {
  await run('retrain', { ...input, shuffleLabels: true });
  await run('retrain', input);
  const shuffled = fakes.trainVersion.mock.calls.map(([call]) => call.shuffleLabels);
  expect(shuffled).toEqual([true, false]);
});

test('never makes a negative control champion, whatever the gate says of it', async () => {
  const result = await run('retrain', { ...input, shuffleLabels: true });
  expect(result).toMatchObject({ outcome: 'reject', reason: 'control-passed', pValue: 1 / 64 });
  expect(fakes.recordVerdict).toHaveBeenCalledWith(
    expect.objectContaining({ version: '2', outcome: 'reject', reason: 'control-passed' }),
  );
  expectChampionUntouched();
});

test('gives the lease back when there is no champion', async () => {
  fakes.requireChampion.mockImplementation(failing('NO_CHAMPION'));
  expect(await failureOf(run('retrain', input))).toContain('NO_CHAMPION');
  expect(fakes.trainVersion).not.toHaveBeenCalled();
  expectLeaseReturned();
});

test('gives the lease back when the training fails', async () => {
  fakes.trainVersion.mockImplementation(failing('TRAINING_DATA_INSUFFICIENT'));
  expect(await failureOf(run('retrain', input))).toContain('TRAINING_DATA_INSUFFICIENT');
  expectChampionUntouched();
  expectLeaseReturned();
});

test('decides nothing when somebody else moved the champion meanwhile', async () => {
  fakes.moveChampion.mockImplementation(failing('ALIAS_MOVED'));
  const result = await run('retrain', input);
  expect(result).toMatchObject({ outcome: 'skipped', reason: 'champion-moved' });
  expect(fakes.announceChampion).not.toHaveBeenCalled();
  expectLeaseReturned();
});

test('keeps its lease while it works, and moves the champion only under it', async () => {
  await run('retrain', { ...input, leaseMinutes: 2 });
  const [lease] = fakes.takeLease.mock.calls[0] ?? [];
  expect(lease).toMatchObject({ name: 'retrain/activity', ttlSeconds: 120 });
  const { freezeTrainingSet, trainVersion, compareVersions, moveChampion } = fakes;
  for (const fake of [freezeTrainingSet, trainVersion, compareVersions, moveChampion]) {
    expect(fake).toHaveBeenCalledTimes(1);
    expect(fake.mock.calls[0]?.[0].lease).toEqual(lease);
  }
});

test('asks for a short lease, so that a run that was terminated soon gives way', async () => {
  await run('retrain', input);
  expect(fakes.takeLease.mock.calls[0]?.[0].ttlSeconds).toBeLessThanOrEqual(15 * 60);
});

test.each(['freezeTrainingSet', 'trainVersion', 'compareVersions', 'moveChampion'] as const)(
  'is skipped, naming who has the lease, when it was lost by %s',
  async (name) => {
    const lost = () =>
      Promise.reject(ApplicationFailure.nonRetryable('retrain/other has it now', 'LEASE_LOST'));
    fakes[name].mockImplementation(lost);
    const result = await run('retrain', input);
    expect(result).toMatchObject({ outcome: 'skipped', reason: 'lease-lost' });
    expect(result.explanation).toContain('retrain/other');
    expect(fakes.announceChampion).not.toHaveBeenCalled();
    expect(fakes.recordVerdict).not.toHaveBeenCalled();
  },
);

test('announces the champion that it has moved, also when it is cancelled meanwhile', async () => {
  let go = () => {};
  const held = new Promise<void>((resolve) => (go = resolve));
  fakes.moveChampion.mockImplementation(async ({ to }) => {
    await held;
    return { version: to, generation: 2, moved: true };
  });
  const handle = await start('retrain', input);
  await called('moveChampion');
  await handle.cancel();
  go();
  expect(await handle.result()).toMatchObject({ outcome: 'promote' });
  expect(fakes.announceChampion).toHaveBeenCalledTimes(1);
  expectLeaseReturned();
});

test('records whom it kept and why', async () => {
  judges(comparison({ champion: six(0.8), challenger: [0.99, ...five(0.8)] }));
  const { explanation } = await run('retrain', input);
  expect(fakes.recordVerdict).toHaveBeenCalledWith(
    expect.objectContaining({ champion: '1', explanation }),
  );
});

test('fails, rather than hangs, on figures of different subjects', async () => {
  const figures = comparison();
  judges({ ...figures, challenger: { ...figures.challenger, bySubject: [] } });
  expect(await failureOf(run('retrain', input))).toEqual(['WorkflowFailedError', 'INPUT_INVALID']);
  expectChampionUntouched();
  expectLeaseReturned();
});

test('gives the lease back when it is cancelled in the middle of the training', async () => {
  fakes.trainVersion.mockImplementation(cancelled);
  const handle = await start('retrain', input);
  await called('trainVersion');
  await handle.cancel();
  expect(await failureOf(handle.result())).toContain('CancelledFailure');
  expect(fakes.compareVersions).not.toHaveBeenCalled();
  expectChampionUntouched();
  expectLeaseReturned();
});

test('gives the lease back when it is cancelled while it takes it', async () => {
  fakes.takeLease.mockImplementation(async () => {
    Context.current().heartbeat();
    await cancelled();
    throw new Error('unreachable');
  });
  const handle = await start('retrain', input);
  await called('takeLease');
  await handle.cancel();
  expect(await failureOf(handle.result())).toContain('CancelledFailure');
  expectLeaseReturned();
});

test('names itself the same in the lease, the comparison and the registry', async () => {
  const handle = await start('retrain', input);
  await handle.result();
  const name = `${handle.workflowId}#${handle.firstExecutionRunId}`;
  expect(fakes.takeLease.mock.calls[0]?.[0].holder).toBe(name);
  expect(fakes.compareVersions.mock.calls[0]?.[0].run).toBe(name);
  expect(fakes.moveChampion.mock.calls[0]?.[0].run).toBe(name);
});
