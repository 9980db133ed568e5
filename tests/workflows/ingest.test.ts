/** The ingest workflow: every batch once, nothing published after a failure. */
import { progressQuery } from '../../workflows/progress';
import { cancelled } from '../support/fakes';
import { failing, failureOf, useWorkflows } from '../support/workflow-environment';

const input = { source: 'data/sample.zip', dataset: 'watch' };
const { fakes, run, start, called } = useWorkflows();

test('lands every batch once and publishes afterwards', async () => {
  const result = await run('ingest', input);
  expect(result).toMatchObject({ dataset: 'watch', rows: 300, alreadyLanded: false });
  const batches = fakes.landBatch.mock.calls.map(([{ batch }]) => batch);
  expect(batches.sort()).toEqual([0, 1, 2]);
  const order = (name: 'landBatch' | 'publishLanding') => fakes[name].mock.invocationCallOrder;
  expect(Math.min(...order('publishLanding'))).toBeGreaterThan(Math.max(...order('landBatch')));
});

test('reads nothing again when the archive has landed already', async () => {
  const archive = { ingestId: 'x', dataset: 'watch', members: 6, batches: 3, planKey: 'plan' };
  fakes.openArchive.mockResolvedValue({ ...archive, alreadyLanded: true });
  const result = await run('ingest', input);
  expect(result).toMatchObject({ alreadyLanded: true, snapshotId: 'landing-1' });
  expect(fakes.landBatch).not.toHaveBeenCalled();
});

test('publishes nothing when a batch fails, and passes the code on', async () => {
  fakes.landBatch.mockImplementation(failing('CSV_MALFORMED'));
  const failure = await failureOf(run('ingest', input));
  expect(failure).toContain('CSV_MALFORMED');
  expect(fakes.publishLanding).not.toHaveBeenCalled();
});

test('tries a batch again after a passing failure, and not the others', async () => {
  fakes.landBatch.mockRejectedValueOnce(new Error('the disk was busy'));
  await run('ingest', input);
  expect(fakes.landBatch).toHaveBeenCalledTimes(4);
  expect(fakes.openArchive).toHaveBeenCalledTimes(1);
});

test('reads at most four batches side by side', async () => {
  const archive = { ingestId: 'x', dataset: 'watch', members: 50, batches: 20, planKey: 'plan' };
  fakes.openArchive.mockResolvedValue({ ...archive, alreadyLanded: false });
  let [running, most] = [0, 0];
  fakes.landBatch.mockImplementation(async () => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setTimeout(resolve, 5));
    running -= 1;
    return { members: 1, rows: 1 };
  });
  await run('ingest', input);
  expect(fakes.landBatch).toHaveBeenCalledTimes(20);
  expect(most).toBeLessThanOrEqual(4);
});

test('the rows of batches that land side by side add up while it works', async () => {
  let goOn = () => undefined as void;
  const asked = new Promise<void>((resolve) => (goOn = resolve));
  const publish = fakes.publishLanding.getMockImplementation();
  fakes.publishLanding.mockImplementation(async (given) => {
    await asked;
    if (publish === undefined) throw new Error('there is no fake of it');
    return publish(given);
  });
  const handle = await start('ingest', input);
  await called('publishLanding');
  const { facts } = await handle.query(progressQuery);
  goOn();
  expect(facts).toMatchObject({ batches: '3 of 3', rows: 300, membersBegun: 6 });
  expect(facts).toMatchObject({ bytesRead: 900, bytesInAll: 900 });
  await handle.result();
});

test('tells how much there is to read before the first batch has landed', async () => {
  let goOn = () => undefined as void;
  const asked = new Promise<void>((resolve) => (goOn = resolve));
  fakes.landBatch.mockImplementation(async () => {
    await asked;
    return { members: 2, rows: 100, bytes: 300 };
  });
  const handle = await start('ingest', input);
  await called('landBatch');
  const { step, facts } = await handle.query(progressQuery);
  goOn();
  expect(step).toBe('landing');
  expect(facts).toMatchObject({ bytesRead: 0, bytesInAll: 900, membersBegun: 0, members: 6 });
  await handle.result();
});

test('stops reading and publishes nothing when it is cancelled', async () => {
  fakes.landBatch.mockImplementation(cancelled);
  const handle = await start('ingest', input);
  await called('landBatch');
  await handle.cancel();
  expect(await failureOf(handle.result())).toContain('CancelledFailure');
  expect(fakes.publishLanding).not.toHaveBeenCalled();
});
