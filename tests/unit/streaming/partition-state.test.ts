/** What a partition's messages lead to, and what a restart makes of them. */
import { WatchlakeError } from '../../../core/errors';
import { MESSAGE_BYTES, sizeOf } from '../../../streaming/kafka-producer';
import type { OutgoingMessage, ReceivedMessage } from '../../../streaming/ports';
import { PartitionState, type Step } from '../../../streaming/partition-state';
import { decodeFeatures, decodePrediction, decodeSignal } from '../../../streaming/prediction';
import {
  encodeProgress,
  NOTHING_COUNTED,
  placeOf,
  progressOf,
  type Progress,
} from '../../../streaming/progress';
import {
  decodeSampleBatch,
  encodeSampleBatch,
  SAMPLE_BATCH_SCHEMA,
  SCHEMA_HEADER,
  type SampleBatch,
} from '../../../streaming/sample-batch';
import { topicNames } from '../../../streaming/topics';
import { TEST_SIGNAL } from '../../support/fake-classifier';
import { predictorOptions, testChampion } from '../../support/stream-runs';

const topics = topicNames();
const champion = testChampion(1);

const stateFrom = (from: number, committed: Progress = progressOf(undefined)) =>
  new PartitionState(
    { ...predictorOptions('activity', topics), signal: TEST_SIGNAL },
    from,
    committed,
  );

const batchAt = (second: number, other: Partial<SampleBatch> = {}): SampleBatch => ({
  dataset: 'exercises',
  device: 'watch-1',
  subjectKey: 's1',
  recording: 'r1',
  channels: TEST_SIGNAL.channels,
  last: false,
  span: {
    timestampsMs: Float64Array.from({ length: 20 }, (_, index) => second * 1000 + index * 50),
    values: TEST_SIGNAL.channels.map((_, channel) =>
      Float32Array.from({ length: 20 }, (_value, index) => Math.sin(second + index + channel)),
    ),
  },
  ...other,
});

const messageOf = (offset: number, value: Buffer | null): ReceivedMessage => ({
  partition: 0,
  offset,
  key: 'watch-1',
  value,
  headers: { [SCHEMA_HEADER]: SAMPLE_BATCH_SCHEMA },
});

const message = (offset: number, second = offset, other: Partial<SampleBatch> = {}) =>
  messageOf(offset, encodeSampleBatch(batchAt(second, other)));

const sentTo = (step: Step, topic: string): readonly OutgoingMessage[] =>
  step.output.find((entry) => entry.topic === topic)?.messages ?? [];

const startsOf = (step: Step) =>
  sentTo(step, topics.predictions).map(({ value }) => decodePrediction(String(value)).startMs);

test('a window is predicted with the message that ends it', async () => {
  const state = stateFrom(0);
  const early = await state.step(
    [0, 1, 2, 3].map((offset) => message(offset)),
    champion,
  );
  expect(startsOf(early)).toEqual([]);
  const step = await state.step([message(4)], champion);
  expect(startsOf(step)).toEqual([0]);
  expect(step.counted).toEqual({ ...NOTHING_COUNTED, predicted: 1 });
});

test('a prediction carries its signal and features only when a person may be asked', async () => {
  const options = { ...predictorOptions('activity', topics), signal: TEST_SIGNAL };
  const messages = [0, 1, 2, 3, 4].map((offset) => message(offset));
  const predict = async (candidate: 'audit' | null) => {
    const state = new PartitionState(
      { ...options, candidateOf: () => candidate },
      0,
      progressOf(undefined),
    );
    const step = await state.step(messages, champion);
    return decodePrediction(String(sentTo(step, topics.predictions)[0]?.value));
  };
  const plain = await predict(null);
  expect(plain).toMatchObject({
    version: '1',
    candidate: null,
    subjectKey: 's1',
    device: 'watch-1',
  });
  expect(plain.probabilities.reduce((a, b) => a + b)).toBeCloseTo(1, 5);
  expect(plain).not.toHaveProperty('signal');
  const asked = await predict('audit');
  const span = decodeSignal(asked.signal as NonNullable<typeof asked.signal>);
  expect([...span.timestampsMs]).toEqual(Array.from({ length: 80 }, (_, index) => index * 50));
  expect(span.values).toHaveLength(3);
  expect(span.values[2]?.[21]).toBeCloseTo(Math.sin(1 + 1 + 2), 6);
  const names = champion.classifier.artefact.schema.names;
  expect(decodeFeatures(asked.features ?? '')).toHaveLength(names.length);
});

test('nobody is asked about a signal that is too long for a message, and it is predicted', async () => {
  const dense = (second: number): SampleBatch => {
    const times = Float64Array.from({ length: 10_000 }, (_, index) => second * 1000 + index / 10);
    const values = TEST_SIGNAL.channels.map(() => Float32Array.from(times, Math.sin));
    return batchAt(second, { span: { timestampsMs: times, values } });
  };
  const options = { ...predictorOptions('activity', topics), signal: TEST_SIGNAL };
  const asked = { ...options, candidateOf: () => 'audit' as const };
  const state = new PartitionState(asked, 0, progressOf(undefined));
  const step = await state.step(
    [0, 1, 2, 3, 4].map((second) => messageOf(second, encodeSampleBatch(dense(second)))),
    champion,
  );
  const [sent] = sentTo(step, topics.predictions);
  expect(sizeOf(sent as OutgoingMessage)).toBeLessThanOrEqual(MESSAGE_BYTES);
  const prediction = decodePrediction(String(sent?.value));
  expect(prediction).toMatchObject({ startMs: 0, candidate: null });
  expect(prediction).not.toHaveProperty('signal');
  expect(step.counted).toEqual({ ...NOTHING_COUNTED, predicted: 1, tooLong: 1 });
});

test('unreadable batches keep their content and say why, and the stream goes on', async () => {
  const broken = encodeSampleBatch(batchAt(2));
  broken[40] = (broken[40] as number) ^ 1;
  const otherChannels = encodeSampleBatch(batchAt(3, { channels: ['az', 'ay', 'ax'] }));
  const state = stateFrom(0);
  const messages = [messageOf(0, broken), messageOf(1, null), messageOf(2, otherChannels)];
  const step = await state.step([...messages, message(3, 0)], champion);
  const dead = sentTo(step, topics.deadLetter);
  expect(dead.map(({ headers }) => headers?.reason)).toEqual([
    ...['checksum-differs', 'empty', 'channels-differ'],
  ]);
  expect(dead[0]).toMatchObject({
    key: 'watch-1',
    value: broken,
    headers: { 'origin-topic': topics.samples, 'origin-partition': '0', 'origin-offset': '0' },
  });
  expect(step.counted.deadLettered).toBe(3);
});

test('values that no features can be made of are unreadable, and the next batch is predicted', async () => {
  const huge = batchAt(1);
  for (const channel of huge.span.values) channel[7] = 3.4e38;
  const state = stateFrom(0);
  const messages = [0, 2, 3, 4, 5, 6].map((second, at) => message(at, second));
  messages.splice(1, 0, messageOf(10, encodeSampleBatch(huge)));
  const step = await state.step(
    messages.map((each, offset) => ({ ...each, offset })),
    champion,
  );
  expect(sentTo(step, topics.deadLetter)[0]?.headers).toMatchObject({
    ...{ reason: 'malformed', 'origin-offset': '1' },
  });
  expect(step.counted).toEqual({ ...NOTHING_COUNTED, deadLettered: 1, predicted: 1 });
  expect(startsOf(step)).toEqual([2000]);
});

test('a message that is too long for a letter is cut, and says how long it was', async () => {
  const value = Buffer.alloc(1_010_000, 'x');
  const long = { ...messageOf(0, value), key: 'k'.repeat(9000) };
  const headers = { small: 'kept', large: 'h'.repeat(200_000), [SCHEMA_HEADER]: 's'.repeat(9000) };
  const step = await stateFrom(0).step([{ ...long, headers }, messageOf(1, value)], champion);
  const [first, second] = sentTo(step, topics.deadLetter) as [OutgoingMessage, OutgoingMessage];
  expect([first, second].map(sizeOf).filter((bytes) => bytes > MESSAGE_BYTES)).toEqual([]);
  expect(second.headers).toMatchObject({ reason: 'malformed', 'original-bytes': '1010000' });
  expect(value.subarray(0, 950_000).equals(second.value as Buffer)).toBe(true);
  expect(first.headers).toMatchObject({
    ...{ small: 'kept', 'headers-left-out': '1', reason: 'schema-unknown', 'origin-offset': '0' },
  });
});

test('late samples keep their content and say why', async () => {
  const state = stateFrom(0);
  const again = message(2, 1, { last: true });
  const step = await state.step([message(0), message(1), again], champion);
  const [late] = sentTo(step, topics.late);
  expect(late?.headers).toMatchObject({ reason: 'not-after-newest', 'origin-offset': '2' });
  const batch = decodeSampleBatch(late?.value as Buffer, late?.headers?.[SCHEMA_HEADER]);
  expect(batch).toEqual(batchAt(1));
  expect(step.counted).toEqual({ ...NOTHING_COUNTED, late: 20 });
});

test('batches of another dataset are passed over', async () => {
  const step = await stateFrom(0).step([message(0, 0, { dataset: 'other' })], champion);
  expect(step.counted).toEqual({ ...NOTHING_COUNTED, skipped: 1 });
  expect(step.output.flatMap(({ messages }) => messages)).toEqual([]);
});

test('what was emitted before a restart is not emitted again', async () => {
  const first = stateFrom(0);
  const messages = Array.from({ length: 12 }, (_, offset) => message(offset));
  const emitted = await first.step(messages.slice(0, 8), champion);
  expect(startsOf(emitted)).toEqual([0, 2000]);
  const { rereadFrom, progress } = first.checkpoint(
    emitted,
    new Map([[topics.predictions, { 2: 5 }]]),
  );
  expect(rereadFrom).toBeGreaterThan(0);
  expect(progress).toMatchObject({ next: 8, predicted: 2, written: { 2: 6 } });

  const second = stateFrom(rereadFrom, progress);
  const again = await second.step(messages.slice(rereadFrom, 8), champion);
  expect(again.isRebuild).toBe(true);
  expect(again.output.flatMap((entry) => entry.messages)).toEqual([]);
  const rest = await second.step(messages.slice(8), champion);
  expect(startsOf(rest)).toEqual([4000, 6000]);
  expect(second.checkpoint(rest, new Map()).progress).toMatchObject({ next: 12, predicted: 4 });
});

test('what is late or unreadable is told once, also by a step that begins before the restart', async () => {
  const first = stateFrom(0);
  const messages = [0, 1, 2, 3, 4, 5].map((offset) => message(offset));
  messages.push(message(6, 1), messageOf(7, Buffer.from('no batch')), message(8), message(9));
  const told = await first.step(messages.slice(0, 8), champion);
  expect(told.counted).toMatchObject({ predicted: 1, late: 20, deadLettered: 1 });
  const { rereadFrom, progress } = first.checkpoint(told, new Map());
  expect(rereadFrom).toBeLessThan(6);

  const rest = await stateFrom(rereadFrom, progress).step(messages.slice(rereadFrom), champion);
  expect(rest.isRebuild).toBe(false);
  expect(startsOf(rest)).toEqual([2000]);
  expect(sentTo(rest, topics.late)).toEqual([]);
  expect(sentTo(rest, topics.deadLetter)).toEqual([]);
  expect(rest.counted).toEqual({ ...NOTHING_COUNTED, predicted: 1 });
});

test('how far predictions were written is kept of each partition that any was written to', async () => {
  const state = stateFrom(0);
  const written = async (offset: number, last: Record<string, number>) => {
    const step = await state.step([message(offset)], champion);
    return state.checkpoint(step, new Map([[topics.predictions, last]])).progress.written;
  };
  expect(await written(0, { 1: 4, 2: 5 })).toEqual({ 1: 5, 2: 6 });
  expect(await written(1, { 2: 9 })).toEqual({ 1: 5, 2: 10 });
});

test('a champion that cannot be used makes no batch unreadable', async () => {
  const classifier = Object.create(champion.classifier, {
    artefact: {
      get() {
        throw new WatchlakeError('FEATURES_INVALID', { detail: 'no features' });
      },
    },
  }) as typeof champion.classifier;
  const step = stateFrom(0).step([message(0)], { ...champion, classifier });
  await expect(step).rejects.toMatchObject({ code: 'FEATURES_INVALID' });
});

test('an offset that an operator has set is where the stream goes on', () => {
  expect(progressOf({ offset: 7, metadata: null })).toMatchObject({ next: 7, predicted: 0 });
  expect(progressOf({ offset: 7, metadata: 'by hand' })).toMatchObject({ next: 7, predicted: 0 });
});

test('a partition is gone on with where it was left, and what was deleted unread is told', () => {
  const progress = { ...NOTHING_COUNTED, next: 8, predicted: 3, written: { 0: 3 } };
  const committed = { offset: 5, metadata: JSON.stringify(progress) };
  const kept = (start: number, end: number) => placeOf(committed, { start, end });
  expect(kept(0, 8)).toEqual({ from: 5, progress, lost: 0, isAnew: false });
  expect(kept(7, 9)).toEqual({ from: 7, progress, lost: 0, isAnew: false });
  expect(kept(10, 12)).toEqual({ from: 10, progress, lost: 2, isAnew: false });
  // Less than was read: the counts stay, the offsets are those of a former topic.
  const anew = { ...progress, next: 1 };
  expect(kept(1, 7)).toEqual({ from: 1, progress: anew, lost: 0, isAnew: true });
  const fresh = placeOf(undefined, { start: 4, end: 9 });
  expect(fresh).toMatchObject({ from: 4, lost: 0, isAnew: false });
});

test('what is committed stays within what a broker takes, however many partitions there are', async () => {
  const far = Number.MAX_SAFE_INTEGER;
  const written = Object.fromEntries(Array.from({ length: 1000 }, (_, at) => [at, far - 1]));
  const counted = { predicted: far, late: far, deadLettered: far, skipped: far, tooLong: far };
  const state = stateFrom(0, { next: 0, ...counted, written });
  const step = await state.step([message(0)], champion);
  const last = new Map([[topics.predictions, { 3: far - 1, 999: far - 1 }]]);
  const { progress } = state.checkpoint(step, last);
  expect(Buffer.byteLength(encodeProgress(progress))).toBeLessThanOrEqual(4096);
  // Of this transaction above all: what it wrote may not show yet.
  expect(progress.written).toMatchObject({ 3: far, 999: far });
  expect(Object.keys(progress.written)).toHaveLength(150);
});
