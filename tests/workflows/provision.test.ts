/** The provision workflow: a plan changes nothing, the order holds, data go only when told. */
import { RESOURCES } from '../support/fakes';
import { failing, failureOf, useWorkflows } from '../support/workflow-environment';

const { fakes, run } = useWorkflows();

const target = { environment: 'research', bucket: 'lake' };
const names = RESOURCES.map(({ name }) => name);

test('a plan shows what would be made, and makes nothing', async () => {
  const result = await run('provision', { ...target, action: 'plan' });
  expect(result).toMatchObject({ account: '123456789012', region: 'eu-central-1' });
  expect(result).toMatchObject({ resources: names.map((name) => ({ name, action: 'create' })) });
  expect(fakes.applyResource).not.toHaveBeenCalled();
  expect(fakes.planRemoval).not.toHaveBeenCalled();
});

test('applies one resource after the other, in the order of the plan', async () => {
  await run('provision', { ...target, action: 'apply' });
  expect(fakes.applyResource.mock.calls.map(([{ resource }]) => resource.name)).toEqual(names);
  const [first] = fakes.applyResource.mock.calls[0] ?? [];
  expect(first?.target).toEqual({
    ...target,
    prefix: '',
    databases: ['stedi-human-balance-analytics'],
    datasets: [],
    queryLimitGb: 10,
  });
});

test('tries a resource again that AWS could not make just now', async () => {
  fakes.applyResource.mockRejectedValueOnce(new Error('throttled'));
  await run('provision', { ...target, action: 'apply' });
  expect(fakes.applyResource).toHaveBeenCalledTimes(RESOURCES.length + 1);
  expect(fakes.planProvision).toHaveBeenCalledTimes(1);
});

test('stops at what is not ours', async () => {
  fakes.applyResource.mockImplementation(failing('RESOURCE_FOREIGN'));
  const failure = await failureOf(run('provision', { ...target, action: 'apply' }));
  expect(failure).toContain('RESOURCE_FOREIGN');
  expect(fakes.applyResource).toHaveBeenCalledTimes(1);
});

test('destroy removes in the opposite order, and leaves the data alone', async () => {
  const result = await run('provision', { ...target, action: 'destroy' });
  const removed = fakes.removeResource.mock.calls.map(([{ resource }]) => resource.name);
  expect(removed).toEqual([...names].reverse());
  expect(fakes.emptyBucket).not.toHaveBeenCalled();
  expect(result).toMatchObject({ removedVersions: 0 });
});

test('destroy empties the bucket first, when it is told to', async () => {
  // What came in between goes with the bucket itself, and counts.
  fakes.removeResource.mockImplementation(async ({ resource, deleteData }) => ({
    removed: true,
    versions: deleteData && resource.kind === 'bucket' ? 2 : 0,
  }));
  const result = await run('provision', { ...target, action: 'destroy', deleteData: true });
  expect(fakes.planRemoval.mock.calls[0]?.[0]).toMatchObject({ deleteData: true });
  expect(result).toMatchObject({ removedVersions: 14 });
  const [emptied] = fakes.emptyBucket.mock.invocationCallOrder;
  expect(emptied).toBeLessThan(fakes.removeResource.mock.invocationCallOrder[0] as number);
});

test('destroy without a bucket of ours empties none', async () => {
  fakes.planRemoval.mockResolvedValue([{ kind: 'role', name: 'watchlake-research-glue' }]);
  await run('provision', { ...target, action: 'destroy', deleteData: true });
  expect(fakes.emptyBucket).not.toHaveBeenCalled();
});

test('destroy removes nothing at all while something holds data', async () => {
  fakes.planRemoval.mockImplementation(failing('RESOURCE_HOLDS_DATA'));
  const failure = await failureOf(run('provision', { ...target, action: 'destroy' }));
  expect(failure).toContain('RESOURCE_HOLDS_DATA');
  expect(fakes.removeResource).not.toHaveBeenCalled();
});
