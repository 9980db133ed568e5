/** Freezing and reading what is learned from, where it takes more memory than DuckDB may have. */
import { MockActivityEnvironment } from '@temporalio/testing';
import { freezeTrainingSet } from '../../../activities/freeze-training-set';
import type { AnnotationStore } from '../../../annotation/annotation';
import type { Label } from '../../../annotation/labels';
import { openLake, type Lake } from '../../../lakehouse/lake';
import { trainingWindows } from '../../../lakehouse/training-windows';
import { TRAINING_TABLE } from '../../../lakehouse/watch/model-tables';
import { windowFeaturesTable } from '../../../lakehouse/watch/window-features';
import { contentHash } from '../../../core/hash';
import { featureSchema } from '../../../models/features';
import type { Registry } from '../../../registry/registry';
import { publishNext } from '../../support/publishing';
import { temporaryFolder } from '../../support/recordings';

// Some 100,000 rows are a turn each.
jest.setTimeout(180_000);

const folder = temporaryFolder();
const DATASET = 'watch';
const ROWS = 30_000;
const schema = featureSchema({
  channels: ['yaw', 'pitch', 'roll', 'ax', 'ay', 'az', 'gx', 'gy', 'gz'],
  ...{ rateHz: 10, window: { lengthMs: 4000, stepMs: 2000 }, maxGapMs: 250 },
});
const width = schema.names.length;
const idOf = (row: number): string => contentHash(row, 16);
const deviceOf = (row: number): string => `d${Math.floor((row * 3) / ROWS)}`;

function* windows() {
  for (let row = 0; row < ROWS; row += 1) {
    const label = row % 10 === 9 ? null : row % 2 === 0 ? 'walk' : 'rest';
    const features = new Float32Array(width).fill(row);
    yield [idOf(row), `key-${deviceOf(row)}`, deviceOf(row), row * 2000, label, 1, features];
  }
}

// Their features alone take 30 MB.
async function smallLake(): Promise<Lake> {
  const lake = openLake({ uri: folder.path(), duckdb: { memoryLimit: '24MB', threads: 1 } });
  const table = windowFeaturesTable({ dataset: DATASET, schema });
  const facts = { featureSchema: schema };
  await publishNext(lake, { table, inputs: {}, rows: windows, facts });
  return lake;
}

/** Somebody's word about a window that has a label already, and about one that no recording has. */
const answers: Partial<Label>[] = [
  { windowId: idOf(4), device: deviceOf(4), startMs: 8000, endMs: 12_000 },
  { windowId: 'unseen', device: 'd9', startMs: 0, endMs: 4000 },
].map((place) => ({
  ...{ ...place, subjectKey: `key-${place.device}`, label: 'run', kind: 'uncertain' },
  ...{ knownAt: '2026-01-01', featureSchema: schema.hash, features: new Float32Array(width) },
}));

const annotation = {
  async *labels() {
    yield* answers;
  },
} as unknown as AnnotationStore;

const registry = {
  getAlias: async () => null,
  getSplit: async () => null,
} as unknown as Registry;

type Frozen = Awaited<ReturnType<typeof freezeTrainingSet>>;

test('more windows are frozen, and read again, than memory holds', async () => {
  const lake = await smallLake();
  const { signal } = new AbortController();
  const input = { model: 'm', dataset: DATASET, withLabels: true, knownUntil: '2026-02-01' };
  const frozen = await new MockActivityEnvironment().run<[], Frozen, () => Promise<Frozen>>(() =>
    freezeTrainingSet({ lake, registry, annotation }, input, signal),
  );
  const labelled = Array.from({ length: ROWS }, (_, row) => row).filter((row) => row % 10 < 9);
  expect(frozen).toMatchObject({ rows: labelled.length + 1, subjects: 4, staleLabels: 0 });

  const { snapshotId } = frozen;
  const set = await trainingWindows(lake, { dataset: DATASET, table: TRAINING_TABLE, snapshotId });
  expect(set.windowIds).toEqual([...labelled.map(idOf), 'unseen'].sort());
  const at = new Map(set.windowIds.map((id, index) => [id, index]));
  const valuesOf = (id: string) => {
    const row = at.get(id)!;
    const features = set.features.subarray(row * width, (row + 1) * width);
    return [set.labels[row], set.devices[row], set.startsMs[row], features[0], features.at(-1)];
  };
  expect(valuesOf(idOf(5))).toEqual(['rest', 'd0', 10_000, 5, 5]);
  expect(valuesOf(idOf(4))).toEqual(['run', 'd0', 8000, 0, 0]);
  expect(valuesOf('unseen')).toEqual(['run', 'd9', 0, 0, 0]);
});
