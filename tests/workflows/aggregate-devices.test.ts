/** The aggregation workflow: batch by batch of what has changed, or of a range. */
import { aggregatedPeriods, cancelled } from '../support/fakes';
import { failing, failureOf, useWorkflows } from '../support/workflow-environment';

const daily = { dataset: 'devices', grain: 'day' as const };
const { fakes, run, start, called } = useWorkflows();

test('aggregates batch after batch and adds up', async () => {
  expect(await run('aggregateDevices', daily)).toEqual({
    ...{ dataset: 'devices', grain: 'day', periods: 3, people: 80, written: 60, deleted: 2 },
    ...{ notKept: 0, filesRead: 6, rowsRead: 1_600, unassigned: 5, detached: [], hasEvents: true },
  });
  expect(fakes.aggregatePeriods.mock.calls.map(([{ periods }]) => periods)).toEqual([
    ['2026-03-01', '2026-03-02'],
    ['2026-03-03'],
  ]);
});

test('asks for what is due, or for the range', async () => {
  await run('aggregateDevices', daily);
  const plan = { dataset: 'devices', grain: 'day', maximumBatches: 100 };
  expect(fakes.planAggregation).toHaveBeenLastCalledWith(plan);
  const range = { from: '2026-01-01', to: '2026-01-31' };
  await run('aggregateDevices', { ...daily, ...range });
  expect(fakes.planAggregation).toHaveBeenLastCalledWith({ ...plan, ...range });
});

test('makes partitions ahead before anything is written, and detaches what is not kept', async () => {
  fakes.maintainPartitions.mockResolvedValue({
    created: [],
    detached: ['daily_aggregates_2020_01'],
  });
  const result = await run('aggregateDevices', { ...daily, keepMonths: 36 });
  expect(result.detached).toEqual(['daily_aggregates_2020_01']);
  const today = expect.stringMatching(/^\d{4}-\d{2}-\d{2}$/) as unknown as string;
  expect(fakes.maintainPartitions).toHaveBeenCalledWith({
    ...{ grain: 'day', today, aheadMonths: 3, keepMonths: 36 },
  });
  const order = (name: 'maintainPartitions' | 'planAggregation') =>
    fakes[name].mock.invocationCallOrder[0] as number;
  expect(order('maintainPartitions')).toBeLessThan(order('planAggregation'));
});

test('goes on in a new run after the last period when there are more than one plan holds', async () => {
  fakes.planAggregation
    .mockResolvedValueOnce({ batches: [['2026-03-01']], periods: 2, more: true, unassigned: 0 })
    .mockResolvedValueOnce({ batches: [['2026-03-02']], periods: 1, more: false, unassigned: 0 });
  // Partitions are detached once: the run that goes on finds none.
  const detached = ['daily_aggregates_2025_02'];
  fakes.maintainPartitions
    .mockResolvedValueOnce({ created: [], detached })
    .mockResolvedValueOnce({ created: [], detached: [] });
  expect(await run('aggregateDevices', daily)).toMatchObject({ periods: 2, people: 80, detached });
  expect(fakes.planAggregation.mock.calls[1]?.[0]).toMatchObject({ after: '2026-03-01' });
});

test('is done at once when nothing has changed', async () => {
  fakes.planAggregation.mockResolvedValue({ batches: [], periods: 0, more: false, unassigned: 7 });
  expect(await run('aggregateDevices', daily)).toMatchObject({ periods: 0, unassigned: 7 });
  expect(fakes.aggregatePeriods).not.toHaveBeenCalled();
});

test('tells that there is no event yet from nothing that has changed', async () => {
  const plan = { batches: [], periods: 0, more: false, unassigned: 0, hasEvents: false };
  fakes.planAggregation.mockResolvedValue(plan);
  expect(await run('aggregateDevices', daily)).toMatchObject({ periods: 0, hasEvents: false });
});

test('aggregates from the newest events when there are newer ones', async () => {
  const outdated = new Error('AGGREGATES_OUTDATED');
  fakes.aggregatePeriods.mockRejectedValueOnce(outdated).mockResolvedValue(aggregatedPeriods());
  await expect(run('aggregateDevices', daily)).resolves.toMatchObject({ periods: 4 });
  expect(fakes.aggregatePeriods).toHaveBeenCalledTimes(3);
});

test('refuses a range that ends before it begins', async () => {
  const range = { from: '2026-02-01', to: '2026-01-31' };
  expect(await failureOf(run('aggregateDevices', { ...daily, ...range }))).toContain(
    'INPUT_INVALID',
  );
  expect(fakes.planAggregation).not.toHaveBeenCalled();
});

test('passes on the code of what failed, and stops when it is cancelled', async () => {
  fakes.aggregatePeriods.mockImplementation(failing('STORE_FULL'));
  expect(await failureOf(run('aggregateDevices', daily))).toContain('STORE_FULL');
  fakes.aggregatePeriods.mockImplementation(cancelled);
  const handle = await start('aggregateDevices', daily);
  await called('aggregatePeriods', 2);
  await handle.cancel();
  expect(await failureOf(handle.result())).toContain('CancelledFailure');
});
