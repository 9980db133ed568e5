/** What a campaign asks about: nothing that a newer version is sure of, nothing that no training would learn from. */
import { MockActivityEnvironment } from '@temporalio/testing';
import { createAnnotationActivities } from '../../../activities/annotation-activities';
import { createPredictionSource } from '../../../activities/prediction-source';
import type { AnnotationStore } from '../../../annotation/annotation';
import type { NewTask } from '../../../annotation/tasks';
import type { Cell } from '../../../lakehouse/engines/row-appender';
import type { Lake } from '../../../lakehouse/lake';
import { predictionsTable } from '../../../lakehouse/watch/model-tables';
import { windowFeaturesTable } from '../../../lakehouse/watch/window-features';
import { featureSchema } from '../../../models/features';
import type { WindowTime } from '../../../models/taken-times';
import { encodeSignal } from '../../../streaming/prediction';
import { publishNext } from '../../support/publishing';
import {
  archiveFiles,
  ingestInto,
  newLake,
  temporaryFolder,
  writeZip,
} from '../../support/recordings';

const folder = temporaryFolder();
const DATASET = 'watch';
const signal = encodeSignal(['ax'], {
  timestampsMs: Float64Array.of(0),
  values: [Float32Array.of(1)],
});

interface Said {
  readonly window: number;
  readonly version: string;
  readonly candidate: 'uncertain' | 'audit' | null;
  readonly schema: string;
  /** The most probable one of the classes. */
  readonly label?: string;
  readonly classes?: readonly string[];
  readonly probabilities?: readonly number[];
}

async function publish(lake: Lake, said: readonly Said[], shown = signal): Promise<void> {
  const table = predictionsTable({ dataset: DATASET, recipe: 1 });
  const rows = said.map(({ window, version, candidate, schema, ...each }, at) => {
    const { label = 'a', classes = ['a', 'b'], probabilities = [0.5, 0.5] } = each;
    const cells: Record<string, Cell> = {
      ...{ window_id: `w${window}`, subject_key: 's', device: 'd', model: 'm', version },
      ...{ start_ms: window * 4000, end_ms: window * 4000 + 4000, label, confidence: 0.5 },
      ...{ classes, probabilities: Float32Array.from(probabilities), candidate },
      ...{ feature_schema: schema, kafka_partition: 0, kafka_offset: at },
      ...(candidate === null
        ? { features: null, signal: null }
        : { features: Float32Array.of(1), signal: JSON.stringify(shown) }),
    };
    return table.columns.map(({ name }) => cells[name] as Cell);
  });
  await publishNext(lake, { table, inputs: { said: String(said.length) }, rows: () => rows });
}

/** A store that takes what is asked, and knows nothing else. */
function storeOf(asked: ReadonlyMap<string, WindowTime>) {
  const tasks: NewTask[] = [];
  const store = {
    isFilled: async () => false,
    askedWindows: async () => asked,
    openCampaign: async () => ({ filled: false }),
    ownWindows: async () => new Set<string>(),
    createTasks: async (input: { tasks: readonly NewTask[] }) => {
      tasks.push(...input.tasks);
      return { created: input.tasks.length };
    },
    markFilled: async () => undefined,
    countTasks: async () => ({ uncertain: tasks.length, audit: 0 }),
  } as unknown as AnnotationStore;
  return { tasks, store };
}

async function ask(lake: Lake, { budget = 20, asked = new Map<string, WindowTime>() } = {}) {
  const { tasks, store } = storeOf(asked);
  const { openCampaign } = createAnnotationActivities({
    annotation: store,
    predictions: createPredictionSource(lake),
    oracle: { labelsOf: async () => new Map() },
    registry: {
      heldOutSubjects: async () => [],
      acquireLease: async ({ holder }) => ({ acquired: true, holder, expiresAt: '' }),
      renewLease: async ({ holder }) => ({ renewed: true, holder }),
      releaseLease: async () => ({ released: true }),
    },
    appUrl: async () => '',
  });
  const input = { campaign: 'c', dataset: DATASET, model: 'm', budget, auditShare: 0, seed: 0 };
  const opened = await new MockActivityEnvironment().run(openCampaign, input);
  return {
    opened,
    asked: tasks.map(({ windowId, version }) => `${windowId} by ${version}`).sort(),
  };
}

async function landedLake(): Promise<Lake> {
  const lake = newLake(folder.path());
  const source = await writeZip(folder.path(), archiveFiles([{ recording: 'r1' }]));
  await ingestInto(lake, { source });
  return lake;
}

async function refreshedLake(): Promise<{ lake: Lake; schema: string }> {
  const lake = await landedLake();
  const window = { lengthMs: 4000, stepMs: 2000 };
  const schema = featureSchema({ channels: ['ax'], rateHz: 50, window, maxGapMs: 100 });
  const table = windowFeaturesTable({ dataset: DATASET, schema });
  const facts = { featureSchema: schema };
  await publishNext(lake, { table, inputs: { schema: schema.hash }, rows: () => [], facts });
  return { lake, schema: schema.hash };
}

test('of several versions that have predicted a window the newest one decides', async () => {
  const { lake, schema } = await refreshedLake();
  const by = (version: string, window: number, candidate: Said['candidate']): Said => ({
    ...{ version, window, candidate, schema },
  });
  await publish(lake, [
    by('2', 1, 'uncertain'),
    by('9', 1, 'uncertain'),
    by('10', 1, null),
    by('9', 2, 'uncertain'),
    by('10', 2, 'audit'),
    // A registry does not count that far: somebody else has written it.
    by('9999999999', 2, null),
    by('9', 3, 'uncertain'),
    by('10', 4, 'uncertain'),
    by('9', 4, null),
  ]);
  const { opened, asked } = await ask(lake);
  expect(asked).toEqual(['w2 by 10', 'w3 by 9', 'w4 by 10']);
  expect(opened).toEqual({ tasks: 3, uncertain: 3, audit: 0 });
});

test('is spread over classes, also of versions that know other ones', async () => {
  const { lake, schema } = await refreshedLake();
  const by = (version: string, window: number, label: string, probabilities: number[]): Said => ({
    ...{ version, window, label, probabilities, candidate: 'uncertain', schema },
    classes: version === '1' ? ['run', 'walk'] : ['climb', 'run', 'walk'],
  });
  await publish(lake, [
    by('1', 1, 'walk', [0.5, 0.5]),
    by('2', 2, 'walk', [0.4, 0.1, 0.5]),
    by('2', 3, 'run', [0, 0.9, 0.1]),
  ]);
  expect((await ask(lake, { budget: 2 })).asked).toEqual(['w1 by 1', 'w3 by 2']);
});

test('nobody is asked about windows with features that are in force no more; they are counted', async () => {
  const { lake, schema } = await refreshedLake();
  await publish(lake, [
    { window: 1, version: '1', candidate: 'uncertain', schema: 'former' },
    { window: 2, version: '1', candidate: 'audit', schema: 'former' },
    { window: 3, version: '1', candidate: 'uncertain', schema },
  ]);
  const { opened, asked } = await ask(lake);
  expect(asked).toEqual(['w3 by 1']);
  expect(opened).toMatchObject({ tasks: 1, formerFeatures: 2 });
});

test('what shares samples with a window of another campaign is asked when nothing else is left', async () => {
  const { lake, schema } = await refreshedLake();
  const windows = [1, 2, 3, 4];
  await publish(
    lake,
    windows.map((window) => ({ window, version: '1', candidate: 'uncertain', schema })),
  );
  const place = { device: 'd', startMs: 6000, endMs: 10_000 };
  const asked = new Map<string, WindowTime>([['between', place]]);
  expect((await ask(lake, { budget: 2, asked })).asked).toEqual(['w3 by 1', 'w4 by 1']);
  expect((await ask(lake, { budget: 3, asked })).asked).toHaveLength(3);
});

test('before the first refresh every window counts', async () => {
  const lake = await landedLake();
  await publish(lake, [{ window: 1, version: '1', candidate: 'uncertain', schema: 'any' }]);
  expect((await ask(lake)).asked).toEqual(['w1 by 1']);
});

test('more candidates are chosen from than memory holds with their signals', async () => {
  const lake = await landedLake();
  const windows = Array.from({ length: 6000 }, (_, window) => window);
  const said = windows.map((window): Said => ({
    window,
    version: '1',
    candidate: 'uncertain',
    schema: 'any',
  }));
  // Together they take 48 MB.
  await publish(lake, said, { ...signal, timestampsMs: 'AAAA'.repeat(2000) });
  const { opened } = await ask({ ...lake, duckdb: { memoryLimit: '32MB', threads: 1 } });
  expect(opened).toEqual({ tasks: 20, uncertain: 20, audit: 0 });
});
