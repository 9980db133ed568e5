/** window_features: the same numbers as the stream computes, whatever the order and size of blocks. */
import type { FeatureSchema } from '../../../models/features';
import { extractFeatures } from '../../../models/features';
import { sliceWindow, windowId } from '../../../models/windows';
import type { Lake } from '../../../lakehouse/lake';
import { sampleSlices } from '../../../lakehouse/sample-slices';
import { devicesOf, activitiesOf, labelsOfWindows, subjectsOf } from '../../../lakehouse/samples';
import { trainingWindows } from '../../../lakehouse/training-windows';
import { DEFAULT_WINDOW, type SampleSpan } from '../../../models/signal';
import { pseudonym } from '../../../core/hash';
import {
  SECRET,
  archiveFiles,
  ingestInto,
  newLake,
  recordingCsv,
  refreshLake,
  temporaryFolder,
  writeZip,
} from '../../support/recordings';

const folder = temporaryFolder();
const [annKey, benKey] = ['Ann Example', 'Ben Example'].map((name) =>
  pseudonym(SECRET, 'watch', name),
) as [string, string];

let lake: Lake;

beforeAll(async () => {
  lake = newLake(folder.path());
  const files = archiveFiles([
    // Longer than a block, and ending inside one.
    { recording: 'r1', device: 'w1', samples: 5000, label: 'walking' },
    { recording: 'r2', device: 'w1', startMs: 200_000, samples: 700, label: 'running' },
    { recording: 'r3', device: 'w2', subject: 'Ben Example', samples: 900, label: 'rowing' },
    { recording: 'r4', device: 'w2', startMs: 300_000, subject: 'Ben Example', samples: 100 },
  ]);
  await ingestInto(lake, { source: await writeZip(folder.path(), files) });
  await refreshLake(lake);
});

async function wholeDevice(device: string): Promise<SampleSpan> {
  const times: number[] = [];
  const values: number[][] = [[], [], []];
  for await (const block of sampleSlices(lake, { dataset: 'watch', sliceMs: 1000 })) {
    if (block.device !== device) continue;
    times.push(...block.span.timestampsMs);
    block.span.values.forEach((channel, index) => values[index]?.push(...channel));
  }
  return {
    timestampsMs: Float64Array.from(times),
    values: values.map((channel) => Float32Array.from(channel)),
  };
}

test('every window has the features that its samples give', async () => {
  const set = await trainingWindows(lake, { dataset: 'watch' });
  const spans: Record<string, SampleSpan> = {
    w1: await wholeDevice('w1'),
    w2: await wholeDevice('w2'),
  };
  const schema: FeatureSchema = set.schema;
  expect(set.windowIds.length).toBe(49 + 6 + 8);
  set.windowIds.forEach((id, row) => {
    const [device, startMs] = [set.devices[row] as string, set.startsMs[row] as number];
    const { window } = schema.signal;
    expect(id).toBe(windowId({ dataset: 'watch', device, startMs, window }));
    const slice = sliceWindow(spans[device] as SampleSpan, startMs, window);
    const width = schema.names.length;
    const stored = set.features.subarray(row * width, (row + 1) * width);
    expect(stored).toEqual(extractFeatures(slice, startMs, schema));
  });
});

test('training windows are those of the subjects asked for, ordered by id', async () => {
  const set = await trainingWindows(lake, { dataset: 'watch', subjectKeys: [benKey] });
  expect(new Set(set.labels)).toEqual(new Set(['rowing']));
  expect(new Set(set.subjectKeys)).toEqual(new Set([benKey]));
  expect(set.windowIds).toEqual([...set.windowIds].sort());
  const none = await trainingWindows(lake, { dataset: 'watch', subjectKeys: [] });
  expect(none.windowIds).toEqual([]);
});

test('a device is read in clock order, and each end of a recording is marked', async () => {
  const selection = { dataset: 'watch', subjectKeys: [annKey] };
  expect(await devicesOf(lake, selection)).toEqual(['w1']);
  const ends: [string, number][] = [];
  let lastMs = -1;
  let samples = 0;
  for await (const slice of sampleSlices(lake, { ...selection, sliceMs: 1000 })) {
    expect(slice).toMatchObject({
      device: 'w1',
      subjectKey: annKey,
      elapsedMs: slice.span.timestampsMs[0],
    });
    for (const timeMs of slice.span.timestampsMs) {
      expect(timeMs).toBeGreaterThan(lastMs);
      lastMs = timeMs;
    }
    samples += slice.span.timestampsMs.length;
    if (slice.endsRecording) ends.push([slice.recording, lastMs]);
  }
  expect(samples).toBe(5700);
  expect(ends).toEqual([
    ['r1', 4999 * 20],
    ['r2', 200_000 + 699 * 20],
  ]);
});

test('a reader that stops early leaves nothing open', async () => {
  for await (const slice of sampleSlices(lake, { dataset: 'watch', sliceMs: 1000 })) {
    expect(slice.recording).toBe('r1');
    break;
  }
  expect((await lake.store.sweep(0)).objects).toBe(0);
});

test('subjects are listed by name, with their keys', async () => {
  expect(await subjectsOf(lake, { dataset: 'watch' })).toEqual([
    { subject: 'Ann Example', subjectKey: annKey },
    { subject: 'Ben Example', subjectKey: benKey },
  ]);
});

test('the activities that the recordings name are listed, none before there are tables', async () => {
  const set = await trainingWindows(lake, { dataset: 'watch' });
  expect(await activitiesOf(lake, { dataset: 'watch' })).toEqual([...new Set(set.labels)].sort());
  expect(await activitiesOf(lake, { dataset: 'nowhere' })).toEqual([]);
});

test('the true labels of windows are found by id', async () => {
  const set = await trainingWindows(lake, { dataset: 'watch' });
  const labels = await labelsOfWindows(lake, {
    dataset: 'watch',
    windowIds: [...set.windowIds, 'nowhere'],
  });
  expect(labels.size).toBe(set.windowIds.length);
  set.windowIds.forEach((id, row) => expect(labels.get(id)).toBe(set.labels[row]));
});

/** As long as `first` samples of one activity, then of another. */
function turning(first: number): string {
  const half = (label: string, from: number, count: number): string[] => {
    const [header, ...rows] = recordingCsv({
      ...{ recording: 'turn', label, startMs: from * 20, samples: count },
    })
      .trimEnd()
      .split('\n');
    return from === 0 ? [header as string, ...rows] : rows;
  };
  return [...half('walking', 0, first), ...half('running', first, 400 - first), ''].join('\n');
}

test('a window that is half of one activity and half of another teaches neither, nor does the oracle', async () => {
  const files = archiveFiles([{ recording: 'even' }, { recording: 'odd' }]);
  // 300 of 400 samples fill a window and half of the next one; 301 are more than half of it.
  files['recordings/even.csv'] = turning(300);
  files['recordings/odd.csv'] = turning(301);
  const own = newLake(folder.path());
  await ingestInto(own, { source: await writeZip(folder.path(), files) });
  await refreshLake(own);
  const set = await trainingWindows(own, { dataset: 'watch' });
  const learned = (device: string) =>
    set.labels
      .map((label, row) => ({ device: set.devices[row], startMs: set.startsMs[row], label }))
      .filter((each) => each.device === device)
      .sort((a, b) => (a.startMs as number) - (b.startMs as number))
      .map(({ startMs, label }) => [startMs, label]);
  expect(learned('watch-even')).toEqual([
    [0, 'walking'],
    [2000, 'walking'],
  ]);
  expect(learned('watch-odd')).toEqual([
    [0, 'walking'],
    [2000, 'walking'],
    [4000, 'walking'],
  ]);
  const idOf = (device: string): string =>
    windowId({ dataset: 'watch', device, startMs: 4000, window: DEFAULT_WINDOW });
  const windowIds = ['watch-even', 'watch-odd'].map(idOf);
  const answers = await labelsOfWindows(own, { dataset: 'watch', windowIds });
  expect([...answers]).toEqual([[idOf('watch-odd'), 'walking']]);
});
