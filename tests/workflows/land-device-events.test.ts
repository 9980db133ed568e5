/** The landing workflow: landing after landing until the topic is read, then what is superseded goes. */
import { cancelled, landedEvents } from '../support/fakes';
import { failing, failureOf, useWorkflows } from '../support/workflow-environment';

const devices = { dataset: 'devices' };
const { fakes, run, start, called, events } = useWorkflows();

test('lands until nothing of what was there is left, and adds up', async () => {
  fakes.landEvents
    .mockResolvedValueOnce(landedEvents({ more: true }))
    .mockResolvedValueOnce(
      landedEvents({ messages: 50, rows: 50, duplicates: 0, rejected: {}, lag: 3 }),
    );
  expect(await run('landDeviceEvents', devices)).toEqual({
    ...{ dataset: 'devices', snapshotId: 'events-1', tableRows: 900, lag: 3, landings: 2 },
    ...{
      messages: 150,
      rows: 140,
      duplicates: 6,
      withdrawn: 0,
      late: 4,
      skippedOffsets: 0,
      restarted: 0,
    },
    ...{ rejected: { 'not-json': 4 } },
  });
  const input = { dataset: 'devices', maximumEvents: 1_000_000, lateDays: 1 };
  expect(fakes.landEvents.mock.calls).toEqual([[input], [input]]);
});

test('prepares the topics first, and removes superseded snapshots last', async () => {
  await run('landDeviceEvents', { ...devices, keepHours: 5 });
  const order = (name: 'prepareDeviceTopics' | 'landEvents' | 'removeSuperseded') =>
    fakes[name].mock.invocationCallOrder[0] as number;
  expect(order('prepareDeviceTopics')).toBeLessThan(order('landEvents'));
  expect(order('landEvents')).toBeLessThan(order('removeSuperseded'));
  expect(fakes.removeSuperseded).toHaveBeenCalledWith({ dataset: 'devices', keepHours: 5 });
});

test('a topic that had nothing counts no landing', async () => {
  fakes.landEvents.mockResolvedValue(
    landedEvents({ messages: 0, rows: 0, duplicates: 0, rejected: {}, late: 0 }),
  );
  expect(await run('landDeviceEvents', devices)).toMatchObject({ landings: 0, messages: 0 });
});

test('goes on in a new run with what was counted when there is much to land', async () => {
  let landings = 0;
  fakes.landEvents.mockImplementation(async () => landedEvents({ more: (landings += 1) < 5 }));
  const result = await run('landDeviceEvents', { ...devices, landingsPerRun: 2 });
  expect(result).toMatchObject({ landings: 5, messages: 500, rejected: { 'not-json': 20 } });
});

test('removes nothing when a landing failed, and passes the code on', async () => {
  fakes.landEvents.mockImplementation(failing('CHECK_FAILED'));
  expect(await failureOf(run('landDeviceEvents', devices))).toContain('CHECK_FAILED');
  expect(fakes.removeSuperseded).not.toHaveBeenCalled();
});

test('is cancelled within its landing', async () => {
  fakes.landEvents.mockImplementation(cancelled);
  const handle = await start('landDeviceEvents', devices);
  await called('landEvents');
  await handle.cancel();
  expect(await failureOf(handle.result())).toContain('CancelledFailure');
});

test('its history holds counts alone, and stays short', async () => {
  let landings = 0;
  fakes.landEvents.mockImplementation(async () => landedEvents({ more: (landings += 1) < 90 }));
  const handle = await start('landDeviceEvents', devices);
  await handle.result();
  const { length } = await events({ workflowId: handle.workflowId });
  expect(length).toBeLessThan(1_000);
});
