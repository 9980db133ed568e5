/** Freezes what a version is trained on: windows of recordings, and answers of people over them. */
import type { AnnotationStore } from '../annotation/annotation';
import { contentHash } from '../core/hash';
import type { Cell } from '../lakehouse/engines/row-appender';
import type { Lake } from '../lakehouse/lake';
import { writeRows } from '../lakehouse/publish';
import { trainingWindows, type TrainingWindows } from '../lakehouse/samples';
import { NOBODY, withdrawnSubjects, type Suppression } from '../lakehouse/suppression';
import { trainingWindowsTable } from '../lakehouse/watch/model-tables';
import type { LeaseInput } from '../registry/leases';
import type { Registry } from '../registry/registry';
import { alive } from './alive';
import { championOf } from './champion';
import { knownLabels, type KnownLabels } from './known-labels';
import { newPeople } from './new-people';

export interface FreezeDeps {
  lake: Lake;
  registry: Registry;
  annotation: AnnotationStore;
  /** Whose rows stay out while an erasure still rebuilds the tables; nobody's by default. */
  suppression?: Suppression;
}

export interface FreezeInput {
  model: string;
  dataset: string;
  /** Keys of the subjects whose recordings are learned from; all of the dataset without it. */
  subjects?: string[];
  /** Whether answers of people are learned from as well. */
  withLabels: boolean;
  /** Of the split that will judge the version: nothing is learned from answers about its holdout. */
  seed?: number;
  /** Whether, besides, recordings are learned from of people who are in no part of that split. */
  newPeople?: boolean;
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
  /** Answers whose features were made in another format: left out. */
  staleLabels: number;
}

const NO_LABELS: KnownLabels = { training: [], audit: [], isAudited: () => false };

export async function freezeTrainingSet(deps: FreezeDeps, input: FreezeInput, signal: AbortSignal) {
  const { lake, registry, annotation, suppression = NOBODY } = deps;
  const { report } = alive();
  const { model, dataset, withLabels, knownUntil } = input;
  // Asked for without labels as well: what is trained must not come beside versions of another dataset.
  const present = await championOf({ registry, lake }, { model, dataset });
  const champion = withLabels ? present : null;
  const begunWith = input.subjects ?? (champion?.card.data.baseSubjects as string[] | undefined);
  const base = begunWith && [...begunWith, ...(await addedPeople(deps, input, signal))];
  const windows = await trainingWindows(lake, { dataset, subjectKeys: base, signal });
  const isWithdrawn = await withdrawnSubjects(suppression, dataset);
  const known = withLabels
    ? await knownLabels(annotation, { dataset, champion, knownUntil, isWithdrawn })
    : NO_LABELS;
  const heldOut = await holdoutOf(registry, input);
  const offered = known.training.filter(({ subjectKey }) => !heldOut.has(subjectKey));
  // Features of another format fit no network that these windows train.
  const labels = offered.filter((each) => each.featureSchema === windows.schema.hash);
  const staleLabels = offered.length - labels.length;
  const facts: TrainingFacts = {
    featureSchema: windows.schema,
    featuresSnapshotId: windows.snapshotId,
    baseSubjects: [...new Set(windows.subjectKeys)].filter((key) => !isWithdrawn(key)).sort(),
    knownUntil: withLabels ? knownUntil : null,
    labels: labels.length,
    staleLabels,
  };
  const { lengthMs } = windows.schema.signal.window;
  const isWanted = ({ subjectKey, device, startMs }: RecordedWindow): boolean =>
    !isWithdrawn(subjectKey) && !known.isAudited({ device, startMs, endMs: startMs + lengthMs });
  const rows = new Map<string, readonly Cell[]>([
    ...windowRows(windows, isWanted),
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
      audit: contentHash(known.audit.map(({ windowId }) => windowId)),
      knownUntil: facts.knownUntil ?? 'none',
    },
    rows: () => rows.values(),
    facts: { ...facts },
    signal,
    onRows: (count) => report({ rows: count }),
  });
  const subjects = new Set([...rows.values()].map(([, subjectKey]) => subjectKey));
  const { snapshotId, rows: frozen } = manifest;
  return { snapshotId, rows: frozen, subjects: subjects.size, staleLabels };
}

async function addedPeople(deps: FreezeDeps, input: FreezeInput, signal: AbortSignal) {
  const { dataset, seed } = input;
  return input.newPeople && seed !== undefined ? newPeople(deps, { dataset, seed }, signal) : [];
}

/** Another draw may have asked about them: a version that learned from that could not be judged. */
async function holdoutOf(registry: Registry, { dataset, seed }: FreezeInput): Promise<Set<string>> {
  const split = seed === undefined ? null : await registry.getSplit({ dataset, seed });
  return new Set(split?.holdout);
}

interface RecordedWindow {
  readonly subjectKey: string;
  readonly device: string;
  readonly startMs: number;
}

/** By window id. */
function windowRows(
  windows: TrainingWindows,
  isWanted: (window: RecordedWindow) => boolean,
): (readonly [string, readonly Cell[]])[] {
  const width = windows.schema.names.length;
  return windows.windowIds.flatMap((windowId, row) => {
    const [subjectKey, device] = [
      windows.subjectKeys[row] as string,
      windows.devices[row] as string,
    ];
    const [startMs, label] = [windows.startsMs[row] as number, windows.labels[row] as string];
    if (!isWanted({ subjectKey, device, startMs })) return [];
    const features = windows.features.slice(row * width, (row + 1) * width);
    return [[windowId, [windowId, subjectKey, device, startMs, label, features]] as const];
  });
}
