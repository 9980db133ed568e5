/** Freezes what a version is trained on: windows of recordings, and answers of people over them. */
import type { AnnotationStore } from '../annotation/annotation';
import type { Label } from '../annotation/labels';
import { contentHash } from '../core/hash';
import type { Cell } from '../lakehouse/engines/row-appender';
import type { Lake } from '../lakehouse/lake';
import { writeRows } from '../lakehouse/publish';
import {
  readTrainingWindows,
  type TrainingReading,
  type TrainingWindow,
} from '../lakehouse/training-windows';
import { NOBODY, withdrawnSubjects, type Suppression } from '../lakehouse/suppression';
import { TRAINING_TABLE, trainingWindowsTable, windowCells } from '../lakehouse/watch/model-tables';
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
  featureSchema: TrainingReading['schema'];
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
  const recorded = await readTrainingWindows(lake, { dataset, subjectKeys: base, signal });
  const isWithdrawn = await withdrawnSubjects(suppression, dataset);
  const known = withLabels
    ? await knownLabels(annotation, { dataset, champion, knownUntil, isWithdrawn })
    : NO_LABELS;
  const heldOut = await holdoutOf(registry, input);
  const offered = known.training.filter(({ subjectKey }) => !heldOut.has(subjectKey));
  // Features of another format fit no network that these windows train.
  const labels = offered.filter((each) => each.featureSchema === recorded.schema.hash);
  const staleLabels = offered.length - labels.length;
  const facts: TrainingFacts = {
    featureSchema: recorded.schema,
    featuresSnapshotId: recorded.snapshotId,
    baseSubjects: (await recorded.subjects()).filter((key) => !isWithdrawn(key)),
    knownUntil: withLabels ? knownUntil : null,
    labels: labels.length,
    staleLabels,
  };
  const { lengthMs } = recorded.schema.signal.window;
  const isWanted = ({ subjectKey, device, startMs }: TrainingWindow): boolean =>
    !isWithdrawn(subjectKey) && !known.isAudited({ device, startMs, endMs: startMs + lengthMs });
  const { manifest } = await writeRows(lake, {
    // 2: no windows that are half of one activity and half of another.
    table: trainingWindowsTable({ dataset, recipe: 2 }),
    inputs: {
      window_features: recorded.snapshotId,
      subjects: contentHash(facts.baseSubjects),
      labels: contentHash(labels.map(({ windowId, label }) => [windowId, label])),
      audit: contentHash(known.audit.map(({ windowId }) => windowId)),
      knownUntil: facts.knownUntil ?? 'none',
    },
    rows: () => frozenRows(recorded, isWanted, labels),
    facts: { ...facts },
    signal,
    onRows: (count) => report({ rows: count }),
  });
  const { snapshotId, rows } = manifest;
  const frozen = await readTrainingWindows(lake, { dataset, table: TRAINING_TABLE, snapshotId });
  return { snapshotId, rows, subjects: (await frozen.subjects()).length, staleLabels };
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

/** One after another: there may be millions of windows, while people have answered thousands. */
async function* frozenRows(
  recorded: TrainingReading,
  isWanted: (window: TrainingWindow) => boolean,
  labels: readonly Label[],
): AsyncGenerator<Cell[]> {
  const answered = new Set(labels.map(({ windowId }) => windowId));
  for await (const window of recorded.windows()) {
    // A person's answer counts more than the recording's own label.
    if (!answered.has(window.windowId) && isWanted(window)) yield windowCells(window);
  }
  for (const answer of labels) yield windowCells(answer);
}
