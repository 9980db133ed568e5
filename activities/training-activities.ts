/** Steps of a training: draw the subjects, freeze what is learned from, train and register a version. */
import { Context } from '@temporalio/activity';
import type { AnnotationStore } from '../annotation/annotation';
import { WatchlakeError } from '../core/errors';
import { contentHash } from '../core/hash';
import type { Cell } from '../lakehouse/engines/row-appender';
import type { Lake } from '../lakehouse/lake';
import { artefactPrefix, saveClassifier } from '../lakehouse/model-artefacts';
import { writeRows } from '../lakehouse/publish';
import { subjectsOf, trainingWindows, type TrainingWindows } from '../lakehouse/samples';
import { findManifest } from '../lakehouse/snapshots';
import { writeJson } from '../lakehouse/json';
import { TRAINING_TABLE, trainingWindowsTable } from '../lakehouse/watch/model-tables';
import type { Evaluation } from '../models/evaluation';
import { splitSubjects, type SplitPart } from '../models/split';
import { trainClassifier } from '../models/training';
import type { TrainingSet } from '../models/training-set';
import type { Registry } from '../registry/registry';
import { championOf } from './champion';
import { translated } from './errors';
import { evaluateTraining } from './evaluate-training';
import { knownLabels } from './known-labels';
import { shuffledLabels } from './negative-control';

export interface TrainingDeps {
  lake: Lake;
  registry: Registry;
  annotation: AnnotationStore;
  codeVersion: string;
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
}

export interface TrainVersionInput {
  model: string;
  dataset: string;
  snapshotId: string;
  seed: number;
  scheme: 'leave-one-subject-out' | 'none';
  shuffleLabels: boolean;
}

interface TrainingFacts {
  featureSchema: TrainingWindows['schema'];
  featuresSnapshotId: string;
  /** Subjects whose recordings were learned from: a challenger starts from the same. */
  baseSubjects: string[];
  knownUntil: string | null;
  labels: number;
}

export function createTrainingActivities(deps: TrainingDeps) {
  const { lake, registry, annotation, codeVersion } = deps;

  return translated({
    // Safe to retry: the draw depends on names and seed alone, and the first saved one stays.
    async drawSubjects(input: {
      dataset: string;
      seed: number;
      subjects: Record<SplitPart, number>;
    }): Promise<Record<SplitPart, string[]>> {
      const { dataset, seed } = input;
      const known = await subjectsOf(lake, { dataset });
      const keyOf = new Map(known.map(({ subject, subjectKey }) => [subject, subjectKey]));
      const names = splitSubjects({ subjects: [...keyOf.keys()], seed, sizes: input.subjects });
      const keys = (part: SplitPart) => names[part].map((name) => keyOf.get(name) as string);
      const parts = {
        bootstrap: keys('bootstrap'),
        stream: keys('stream'),
        holdout: keys('holdout'),
      };
      await registry.saveSplit({ dataset, seed, parts });
      return parts;
    },

    // Safe to retry: the same rows give the same snapshot, which is then found.
    async freezeTrainingSet(input: FreezeInput) {
      const { model, dataset, withLabels, knownUntil } = input;
      const champion = withLabels ? await championOf(registry, model) : null;
      const base = input.subjects ?? (champion?.card.data.baseSubjects as string[] | undefined);
      const windows = await trainingWindows(lake, { dataset, subjectKeys: base });
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
              [
                each.windowId,
                each.subjectKey,
                each.device,
                each.startMs,
                each.label,
                each.features,
              ],
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
        signal: Context.current().cancellationSignal,
        onRows: (count) => Context.current().heartbeat({ rows: count }),
      });
      const subjects = new Set([...rows.values()].map(([, subjectKey]) => subjectKey));
      return { snapshotId: manifest.snapshotId, rows: manifest.rows, subjects: subjects.size };
    },

    // Safe to retry: the same training has the same key, in the lake and in the registry.
    async trainVersion(input: TrainVersionInput) {
      const { model, dataset, snapshotId, seed, scheme, shuffleLabels } = input;
      const context = Context.current();
      const beat = (step: string) => context.heartbeat({ step });
      const frozen = await trainingWindows(lake, { dataset, table: TRAINING_TABLE, snapshotId });
      const facts = await trainingFacts(lake, dataset, snapshotId);
      const set = asTrainingSet(frozen, shuffleLabels ? seed : null);
      const classes = [...new Set(set.labels)].sort();
      const training = {
        schema: frozen.schema,
        classes,
        seed,
        signal: context.cancellationSignal,
        onEpoch: ({ phase }: { phase: string }) => beat(phase),
      };
      // Scored first: a split that leaks is refused before anything is trained for good.
      const evaluation =
        scheme === 'none' ? null : await evaluateTraining(set, frozen.startsMs, training, beat);
      const trained = await trainClassifier(set, training);

      const key = contentHash({ snapshotId, seed, scheme, shuffleLabels, codeVersion });
      const prefix = artefactPrefix(model, key);
      await saveClassifier(lake.store, prefix, trained);
      await writeJson(lake.store, `${prefix}/evaluation.json`, evaluation);
      const { version } = await registry.registerVersion({
        model,
        key,
        artefactUri: prefix,
        card: {
          formatVersion: 1,
          codeVersion,
          seed,
          classes,
          featureSchema: frozen.schema.hash,
          data: {
            dataset,
            snapshots: { [TRAINING_TABLE]: snapshotId, window_features: facts.featuresSnapshotId },
            windows: set.labels.length,
            labels: facts.labels,
            subjects: [...new Set(set.groups)].sort(),
            baseSubjects: facts.baseSubjects,
            knownUntil: facts.knownUntil ?? undefined,
            shuffledLabels: shuffleLabels,
          },
          evaluation: evaluation === null ? null : { scheme, ...evaluation },
          calibration: { ...trained.calibration },
          training: { epochs: trained.epochs },
        },
      });
      return { version, evaluation: evaluation === null ? null : shortened(scheme, evaluation) };
    },
  });
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

function asTrainingSet(frozen: TrainingWindows, shuffleSeed: number | null): TrainingSet {
  const { features, labels, subjectKeys, devices, windowIds } = frozen;
  return {
    features,
    labels: shuffleSeed === null ? labels : shuffledLabels(labels, shuffleSeed),
    groups: subjectKeys,
    blocks: devices,
    windowIds,
  };
}

async function trainingFacts(lake: Lake, dataset: string, snapshotId: string) {
  const manifest = await findManifest(lake, { dataset, table: TRAINING_TABLE, snapshotId });
  return manifest.facts as unknown as TrainingFacts;
}

const shortened = (scheme: string, evaluation: Evaluation) => ({
  scheme,
  windows: evaluation.windows,
  accuracy: evaluation.accuracy,
  macroF1: evaluation.macroF1,
  worstSubject: { ...evaluation.worstSubject },
});

export type TrainingActivities = ReturnType<typeof createTrainingActivities>;
