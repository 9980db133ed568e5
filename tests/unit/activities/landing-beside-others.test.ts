/** Predictions and labels that land while somebody else publishes their table: what was read before does not come back. */
import { MockActivityEnvironment } from '@temporalio/testing';
import { createLandingActivities } from '../../../activities/landing-activities';
import type { AnnotationStore } from '../../../annotation/annotation';
import type { Label } from '../../../annotation/labels';
import { WatchlakeError } from '../../../core/errors';
import type { RemovedRows } from '../../../lakehouse/erasure/erasing-format';
import { rewriteModelTables } from '../../../lakehouse/erasure/model-tables';
import { writeJson } from '../../../lakehouse/json';
import type { Lake } from '../../../lakehouse/lake';
import { query } from '../../../lakehouse/query';
import { removalKey } from '../../../lakehouse/removal';
import { pseudonymIdentifier, type Suppression } from '../../../lakehouse/suppression';
import type { Broker, ReceivedMessage } from '../../../streaming/ports';
import { encodePrediction } from '../../../streaming/prediction';
import { topicNames } from '../../../streaming/topics';
import { newLake, temporaryFolder } from '../../support/recordings';

const folder = temporaryFolder();
const DATASET = 'watch';
const CONFLICT = { type: 'CATALOG_CONFLICT', nonRetryable: false };

const message = (subjectKey: string, offset: number): ReceivedMessage => ({
  ...{ partition: 0, offset, key: 'watch', headers: {} },
  value: Buffer.from(
    encodePrediction({
      ...{ windowId: `w${offset}`, dataset: DATASET, device: 'watch', subjectKey },
      ...{ startMs: offset * 1000, endMs: offset * 1000 + 4000, model: 'm', version: '1' },
      ...{ classes: ['a', 'b'], probabilities: [0.5, 0.5], label: 'a', confidence: 0.5 },
      ...{ candidate: null, featureSchema: 'f00d' },
    }),
  ),
});

const label = (subjectKey: string, at: number): Label => ({
  ...{ windowId: `l${at}`, dataset: DATASET, device: 'watch', subjectKey, annotator: 'a' },
  ...{ startMs: at, endMs: at + 4000, label: 'a', kind: 'uncertain', eventTimeMs: at },
  ...{ knownAt: '2026-01-01T00:00:00.000Z', campaign: 'c', batch: 'b', featureSchema: 'f00d' },
  features: Float32Array.of(1),
});

/** Everything that the activities read lies in memory; `meanwhile` runs once, after all was read. */
function world() {
  const lake: Lake = newLake(folder.path());
  const messages: ReceivedMessage[] = [];
  const labels: Label[] = [];
  const gone = new Set<string>();
  let meanwhile: (() => Promise<unknown>) | undefined;
  async function interrupt(): Promise<void> {
    const work = meanwhile;
    meanwhile = undefined;
    await work?.();
  }
  const suppression: Suppression = {
    keys: async () => new Set(gone),
    keyOf: (_dataset, identifier) => identifier,
  };
  const broker = {
    bounds: async () => new Map([[0, { start: 0, end: messages.length }]]),
    committed: async () => new Map(),
    async *read({ from, to }: { from?: Record<number, number>; to: Record<number, number> }) {
      yield messages.slice(from?.[0] ?? 0, to[0]);
      await interrupt();
    },
  } as unknown as Broker;
  const annotation = {
    async *labels() {
      yield* [...labels];
      await interrupt();
    },
  } as unknown as AnnotationStore;
  const topics = topicNames();
  const activities = createLandingActivities({ lake, broker, topics, annotation, suppression });
  const run = <T>(work: () => Promise<T>): Promise<T> => new MockActivityEnvironment().run(work);
  return {
    ...{ lake, messages, labels },
    landPredictions: () => run(() => activities.landPredictions({ dataset: DATASET, model: 'm' })),
    publishLabels: () => run(() => activities.publishLabels({ dataset: DATASET })),
    erase: (subjectKey: string) => {
      gone.add(pseudonymIdentifier(subjectKey));
      return rewriteModelTables(lake, { dataset: DATASET, erased: subjectKey, subjectKey });
    },
    before(work: () => Promise<unknown>) {
      meanwhile = work;
    },
    subjectsIn: async (table: string) => {
      const sql = `SELECT subject_key FROM ${table} ORDER BY subject_key`;
      return (await query(lake, { sql, dataset: DATASET })).rows.map((row) => row.subject_key);
    },
  };
}

test.each(['there before', 'new'])(
  'a person who is %s is erased while predictions land',
  async (which) => {
    const { messages, landPredictions, erase, before, subjectsIn } = world();
    messages.push(message(which === 'new' ? 'ben' : 'ann', 0), message('ben', 1));
    await landPredictions();
    messages.push(message('ann', 2), message('cem', 3));
    before(() => erase('ann'));
    await expect(landPredictions()).rejects.toMatchObject(CONFLICT);
    expect(await subjectsIn('predictions')).not.toContain('ann');
    await landPredictions();
    const bens = which === 'new' ? ['ben', 'ben'] : ['ben'];
    expect(await subjectsIn('predictions')).toEqual([...bens, 'cem']);
  },
);

test.each(['landPredictions', 'publishLabels'] as const)(
  '%s brings nothing into a dataset that is being removed, also where the removal ends meanwhile',
  async (land) => {
    const { lake, messages, labels, before, ...activities } = world();
    messages.push(message('ann', 0));
    labels.push(label('ann', 0));
    await writeJson(lake.store, removalKey(DATASET), {});
    before(() => lake.store.remove(removalKey(DATASET)));
    await expect(activities[land]()).rejects.toMatchObject({ type: 'DATASET_BEING_REMOVED' });
  },
);

test.each([
  ['landPredictions', 'predictions'],
  ['publishLabels', 'labelled_windows'],
] as const)(
  '%s that makes the table brings nobody who is erased meanwhile',
  async (land, table) => {
    const { messages, labels, erase, before, subjectsIn, ...activities } = world();
    messages.push(message('ann', 0), message('ben', 1));
    labels.push(label('ann', 0), label('ben', 1));
    before(() => erase('ann'));
    await expect(activities[land]()).rejects.toMatchObject(CONFLICT);
    await activities[land]();
    expect(await subjectsIn(table)).toEqual(['ben']);
  },
);

test('whoever is erased, and what comes of them later, is counted beside what was left out before', async () => {
  const { messages, landPredictions, erase } = world();
  messages.push(message('ann', 0), message('ben', 1), message('ben', 1));
  await landPredictions();
  await erase('ann');
  messages.push(message('ann', 3), message('cem', 4));
  expect((await landPredictions()).tables.predictions).toMatchObject({
    rows: 2,
    dropped: { 'predicted-again': 1, 'consent-withdrawn': 2 },
  });
});

test('of two loops the slower one loses nothing of the faster one', async () => {
  const { messages, landPredictions, before, subjectsIn } = world();
  messages.push(message('ann', 0));
  before(async () => {
    messages.push(message('ben', 1));
    await landPredictions();
  });
  await expect(landPredictions()).rejects.toMatchObject(CONFLICT);
  await landPredictions();
  expect(await subjectsIn('predictions')).toEqual(['ann', 'ben']);
});

test('what went counts also where the catalogue has published it and says that somebody else did', async () => {
  const { lake, messages, landPredictions } = world();
  messages.push(message('ann', 0), message('ben', 1));
  await landPredictions();
  const publish: typeof lake.catalog.publish = async (pointer, expected) => {
    await lake.catalog.publish(pointer, expected);
    throw new WatchlakeError('CATALOG_CONFLICT', { table: pointer.table });
  };
  const removed = new Map<string, number>();
  const remember = async ({ snapshotId, rows }: RemovedRows) => void removed.set(snapshotId, rows);
  const request = { dataset: DATASET, erased: 'ann', subjectKey: 'ann', remember };
  const erasing = rewriteModelTables({ ...lake, catalog: { ...lake.catalog, publish } }, request);
  await expect(erasing).rejects.toMatchObject({ code: 'CATALOG_CONFLICT' });
  await rewriteModelTables(lake, request);
  expect([...removed.values()]).toEqual([1]);
});

test('labels that were read before others were published are read again', async () => {
  const { labels, publishLabels, before, erase, subjectsIn } = world();
  labels.push(label('ann', 0));
  before(async () => {
    labels.push(label('ben', 1));
    await publishLabels();
  });
  await expect(publishLabels()).rejects.toMatchObject(CONFLICT);
  expect(await subjectsIn('labelled_windows')).toEqual(['ann', 'ben']);
  labels.push(label('cem', 2));
  before(() => erase('cem'));
  await expect(publishLabels()).rejects.toMatchObject(CONFLICT);
  await publishLabels();
  expect(await subjectsIn('labelled_windows')).toEqual(['ann', 'ben']);
});

test('each labelled window says which features it has', async () => {
  const { lake, labels, publishLabels } = world();
  labels.push({ ...label('ann', 0), featureSchema: 'former' }, label('ben', 1));
  await publishLabels();
  const sql = 'SELECT subject_key, feature_schema FROM labelled_windows ORDER BY 1';
  expect((await query(lake, { sql, dataset: DATASET })).rows).toEqual([
    { subject_key: 'ann', feature_schema: 'former' },
    { subject_key: 'ben', feature_schema: label('ben', 1).featureSchema },
  ]);
});

test('a label that was taken back and given again is known from the second answer on', async () => {
  const { lake, labels, publishLabels } = world();
  const answered = async () => {
    await publishLabels();
    const sql = 'SELECT known_at_ms, source FROM labelled_windows';
    return (await query(lake, { sql, dataset: DATASET })).rows;
  };
  const [first, second] = ['2026-01-01T00:00:00.000Z', '2026-01-02T00:00:00.000Z'] as const;
  labels.push(label('ann', 0));
  expect(await answered()).toEqual([{ known_at_ms: Date.parse(first), source: 'a' }]);
  labels.splice(0, 1, { ...label('ann', 0), knownAt: second, annotator: 'b' });
  expect(await answered()).toEqual([{ known_at_ms: Date.parse(second), source: 'b' }]);
});
