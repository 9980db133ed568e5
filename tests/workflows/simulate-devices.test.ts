/** The simulation workflow: topics first, then the recordings, and where a reader has seen them all. */
import { SUBJECTS, cancelled } from '../support/fakes';
import { failing, failureOf, useWorkflows } from '../support/workflow-environment';

const input = { name: 'pool', dataset: 'watch', subjects: SUBJECTS.stream, speed: 0 };
const { fakes, run, start, called } = useWorkflows();

test('sends the given subjects and tells the last offsets', async () => {
  const result = await run('simulateDevices', input);
  expect(result).toEqual({
    name: 'pool',
    batches: 30,
    samples: 3000,
    devices: 2,
    lastOffsets: { '0': '29' },
  });
  const { subjects, ...rest } = input;
  expect(fakes.simulate).toHaveBeenCalledWith({ ...rest, subjectKeys: subjects });
});

test('sends nothing before the topics are there', async () => {
  fakes.prepareTopics.mockImplementation(failing('TOPIC_MISMATCH'));
  expect(await failureOf(run('simulateDevices', input))).toContain('TOPIC_MISMATCH');
  expect(fakes.simulate).not.toHaveBeenCalled();
});

test('outlasts a broker that is gone for a while', async () => {
  const gone = new Error('BROKER_UNAVAILABLE');
  fakes.simulate.mockRejectedValueOnce(gone).mockRejectedValueOnce(gone);
  await expect(run('simulateDevices', input)).resolves.toMatchObject({ batches: 30 });
  expect(fakes.simulate).toHaveBeenCalledTimes(3);
});

test('stops sending when it is cancelled', async () => {
  fakes.simulate.mockImplementation(cancelled);
  const handle = await start('simulateDevices', input);
  await called('simulate');
  await handle.cancel();
  expect(await failureOf(handle.result())).toContain('CancelledFailure');
  expect(fakes.simulate).toHaveBeenCalledTimes(1);
});
