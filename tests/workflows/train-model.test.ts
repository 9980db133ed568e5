/** The training workflow: a version, and the champion only where there was none. */
import { SUBJECTS, cancelled } from '../support/fakes';
import { failing, failureOf, useWorkflows } from '../support/workflow-environment';

const input = { dataset: 'watch', model: 'activity' };
const { fakes, run, start, called } = useWorkflows();

test('makes the first version champion', async () => {
  fakes.getChampion.mockResolvedValue(null);
  const result = await run('trainModel', input);
  expect(result).toMatchObject({ version: '1', champion: '1', snapshotId: 'training-1' });
  expect(fakes.moveChampion).toHaveBeenCalledTimes(1);
  expect(fakes.moveChampion).toHaveBeenCalledWith(
    expect.objectContaining({ from: null, to: '1', reason: 'first-version' }),
  );
});

test('ends well when another first training was faster, whose version stays champion', async () => {
  fakes.getChampion.mockResolvedValue(null);
  fakes.moveChampion.mockResolvedValue({ version: '7', generation: 1, moved: false });
  const result = await run('trainModel', input);
  expect(result).toMatchObject({ version: '1', champion: '7' });
  expect(fakes.moveChampion).toHaveBeenCalledWith(expect.objectContaining({ yields: true }));
});

test('leaves a champion that there is where it is', async () => {
  fakes.getChampion.mockResolvedValue({ version: '7', generation: 3 });
  const result = await run('trainModel', input);
  expect(result).toMatchObject({ version: '1', champion: '7' });
  expect(fakes.moveChampion).not.toHaveBeenCalled();
});

test('evaluates by subject unless told otherwise, and tells the worst one', async () => {
  const { evaluation } = await run('trainModel', input);
  expect(evaluation).toMatchObject({ scheme: 'leave-one-subject-out', macroF1: 0.88 });
  expect(evaluation?.worstSubject).toEqual({ subject: '00000000000000b1', accuracy: 0.8 });
});

test('learns from the recordings of the given subjects alone, never from labels', async () => {
  await run('trainModel', { ...input, subjects: SUBJECTS.bootstrap, scheme: 'none' });
  expect(fakes.freezeTrainingSet).toHaveBeenCalledWith(
    expect.objectContaining({ subjects: SUBJECTS.bootstrap, withLabels: false }),
  );
  expect(fakes.trainVersion).toHaveBeenCalledWith(
    expect.objectContaining({ snapshotId: 'training-1', shuffleLabels: false, scheme: 'none' }),
  );
});

test('moves nothing when the split leaks', async () => {
  fakes.trainVersion.mockImplementation(failing('LEAKAGE_FOUND'));
  expect(await failureOf(run('trainModel', input))).toContain('LEAKAGE_FOUND');
  expect(fakes.moveChampion).not.toHaveBeenCalled();
});

test('moves nothing when it is cancelled', async () => {
  fakes.getChampion.mockResolvedValue(null);
  fakes.trainVersion.mockImplementation(cancelled);
  const handle = await start('trainModel', input);
  await called('trainVersion');
  await handle.cancel();
  expect(await failureOf(handle.result())).toContain('CancelledFailure');
  expect(fakes.moveChampion).not.toHaveBeenCalled();
});
