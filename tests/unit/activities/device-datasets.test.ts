/** Events of devices and archives have datasets of their own, and landing the ones leaves the others' snapshots alone. */
import { MockActivityEnvironment } from '@temporalio/testing';
import { createDeviceLandingActivities } from '../../../activities/device-landing-activities';
import { createIngestActivities } from '../../../activities/ingest-activities';
import type { Lake } from '../../../lakehouse/lake';
import { writeRows } from '../../../lakehouse/publish';
import { trainingWindowsTable } from '../../../lakehouse/watch/model-tables';
import type { Broker } from '../../../streaming/ports';
import { deviceTopics } from '../../../streaming/topics';
import { FakeTopic, landAll } from '../../support/device-events';
import {
  archiveFiles,
  ingestInto,
  keysOf,
  newLake,
  SECRET,
  temporaryFolder,
  writeZip,
} from '../../support/recordings';

const folder = temporaryFolder();
const archive = () => writeZip(folder.path(), archiveFiles([{ recording: 'r1' }]));
const run = <T>(activity: () => Promise<T>): Promise<T> =>
  new MockActivityEnvironment().run(activity);

// What is refused, and what removes, asks no broker.
const devicesOf = (lake: Lake) =>
  createDeviceLandingActivities({
    ...{ lake, broker: {} as Broker, deviceTopics: deviceTopics('watch.events') },
  });

test('events do not land where archives have', async () => {
  const lake = newLake(folder.path());
  await ingestInto(lake, { source: await archive() });
  const { landEvents } = devicesOf(lake);
  const input = { dataset: 'watch', maximumEvents: 10, lateDays: 1 };
  await expect(run(() => landEvents(input))).rejects.toMatchObject({
    ...{ type: 'INPUT_INVALID', nonRetryable: true },
    message: expect.stringMatching(
      /^dataset: watch is of the format recordings; give .* another name/,
    ) as string,
  });
});

test.each([
  ['devices', 'before any event has landed'],
  ['trial', 'once events have landed'],
])('an archive does not land in %s %s', async (dataset) => {
  const lake = newLake(folder.path());
  if (dataset !== 'devices') await landAll(lake, oneEvent(), { dataset });
  const { openArchive } = createIngestActivities({ lake, subjectKey: SECRET });
  const input = { source: await archive(), dataset, format: 'recordings' as const };
  await expect(run(() => openArchive(input))).rejects.toMatchObject({
    type: 'INPUT_INVALID',
    message: expect.stringContaining(
      `${dataset} holds what devices send; give archives another name`,
    ) as string,
  });
});

function oneEvent(): FakeTopic {
  const topic = new FakeTopic();
  topic.add({ at: '2026-03-01T10:00:00Z' });
  return topic;
}

test('what landing removes are superseded snapshots of events alone', async () => {
  const lake = newLake(folder.path());
  const topic = oneEvent();
  const first = await landAll(lake, topic);
  topic.add({ at: '2026-03-01T10:00:01Z' });
  await landAll(lake, topic);
  const table = trainingWindowsTable({ dataset: 'devices', recipe: 1 });
  const rows = () => [['w', 's', 'd', 0, 'walking', Float32Array.of(1)]];
  const { manifest } = await writeRows(lake, { table, inputs: {}, rows });
  await new Promise((resolve) => setTimeout(resolve, 5));
  const { removeSuperseded } = devicesOf(lake);
  const removed = await run(() => removeSuperseded({ dataset: 'devices', keepHours: 0 }));
  expect(removed).toMatchObject({ snapshots: 1 });
  expect(await keysOf(lake, `landing/devices/device_events/${first.snapshotId}`)).toEqual([]);
  const others = await keysOf(lake, `curated/devices/training_windows/${manifest.snapshotId}`);
  expect(others.length).toBeGreaterThan(1);
});
