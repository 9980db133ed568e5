/** Freezes what a version is trained on: windows of recordings, and answers of people over them. */
import type { AnnotationStore } from '../annotation/annotation';
import { WatchlakeError } from '../core/errors';
import { contentHash } from '../core/hash';
import type { Cell } from '../lakehouse/engines/row-appender';
import type { Lake } from '../lakehouse/lake';
import { writeRows } from '../lakehouse/publish';
import { trainingWindows, type TrainingWindows } from '../lakehouse/samples';
import { trainingWindowsTable } from '../lakehouse/watch/model-tables';
import type { LeaseInput } from '../registry/leases';
import type { Registry } from '../registry/registry';
import { alive } from './alive';
import { championOf } from './champion';
import { knownLabels } from './known-labels';

export interface FreezeDeps {
  lake: Lake;
  registry: Registry;
  annotation: AnnotationStore;
}

export interface FreezeInput {
  model: string;
  dataset: string;
  /** Keys of the subjects whose recordings are learned from; all of the dataset without it. */
  subjects?: string[];
  /** Whether answers of people are learned from as well. */
  withLabels: boolean;
  /** ISO time: answers given later are not looked at. */
  knownUntil: string;
  /** Kept meanwhile. */
  lease?: LeaseInput;
}

/** What the snapshot's manifest says besides its rows. */
export interface TrainingFacts {
  featureSchema: TrainingWindows['schema'];
  featuresSnapshotId: string;
  /** Subjects whose recordings were learned from: a challenger starts from the same. */
  baseSubjects: string[];
  knownUntil: string | null;
  labels: number;
}

export async function freezeTrainingSet(
  { lake, registry, annotation }: FreezeDeps,
  input: FreezeInput,
  signal: AbortSignal,
) {
  const { report } = alive();
  const { model, dataset, withLabels, knownUntil } = input;
  const champion = withLabels ? await championOf(registry, model) : null;
  const base = input.subjects ?? (champion?.card.data.baseSubjects as string[] | undefined);
  const windows = await trainingWindows(lake, { dataset, subjectKeys: base, signal });
  const labels = withLabels
    ? (await knownLabels(annotation, { dataset, champion, knownUntil })).training
    : [];
  const stale = labels.find(({ featureSchema }) => featureSchema !== windows.schema.hash);
  if (stale) {
    const context = { expected: windows.schema.hash, found: stale.featureSchema };
    throw new WatchlakeError('FEATURE_SCHEMA_DIFFERS', context);
  }
  const facts: TrainingFacts = {
    featureSchema: windows.schema,
    featuresSnapshotId: windows.snapshotId,
    baseSubjects: [...new Set(windows.subjectKeys)].sort(),
    knownUntil: withLabels ? knownUntil : null,
    labels: labels.length,
  };
  const rows = new Map<string, readonly Cell[]>([
    ...windowRows(windows),
    // A person's answer counts more than the recording's own label.
    ...labels.map(
      (each) =>
        [
          each.windowId,
          [each.windowId, each.subjectKey, each.device, each.startMs, each.label, each.features],
        ] as const,
    ),
  ]);
  const { manifest } = await writeRows(lake, {
    table: trainingWindowsTable({ dataset, recipe: 1 }),
    inputs: {
      window_features: windows.snapshotId,
      subjects: contentHash(facts.baseSubjects),
      labels: contentHash(labels.map(({ windowId, label }) => [windowId, label])),
      knownUntil: facts.knownUntil ?? 'none',
    },
    rows: () => rows.values(),
    facts: { ...facts },
    signal,
    onRows: (count) => report({ rows: count }),
  });
  const subjects = new Set([...rows.values()].map(([, subjectKey]) => subjectKey));
  return { snapshotId: manifest.snapshotId, rows: manifest.rows, subjects: subjects.size };
}

const windowRows = (windows: TrainingWindows) =>
  windows.windowIds.map((windowId, row): readonly [string, readonly Cell[]] => {
    const width = windows.schema.names.length;
    return [
      windowId,
      [
        windowId,
        windows.subjectKeys[row] as string,
        windows.devices[row] as string,
        windows.startsMs[row] as number,
        windows.labels[row] as string,
        windows.features.slice(row * width, (row + 1) * width),
      ],
    ];
  });
