/** Steps of a training: draw the subjects, freeze what is learned from, train and register a version. */
import { subjectsOf } from '../lakehouse/samples';
import { splitSubjects, type SplitPart } from '../models/split';
import { alive } from './alive';
import { asActivities } from './as-activities';
import { freezeTrainingSet, type FreezeDeps, type FreezeInput } from './freeze-training-set';
import { holdingLease } from './held-lease';
import { trainVersion, type TrainVersionDeps, type TrainVersionInput } from './train-version';

export type TrainingDeps = FreezeDeps & TrainVersionDeps;

export function createTrainingActivities(deps: TrainingDeps) {
  const { lake, registry } = deps;

  return asActivities({
    // Safe to retry: the draw depends on names and seed alone, and the first saved one stays.
    async drawSubjects(input: {
      dataset: string;
      seed: number;
      subjects: Record<SplitPart, number>;
    }): Promise<Record<SplitPart, string[]>> {
      const { dataset, seed } = input;
      const known = await subjectsOf(lake, { dataset, signal: alive().signal });
      const keyOf = new Map(known.map(({ subject, subjectKey }) => [subject, subjectKey]));
      const names = splitSubjects({ subjects: [...keyOf.keys()], seed, sizes: input.subjects });
      const keys = (part: SplitPart) => names[part].map((name) => keyOf.get(name) as string);
      const parts = {
        bootstrap: keys('bootstrap'),
        stream: keys('stream'),
        holdout: keys('holdout'),
      };
      const saved = await registry.saveSplit({ dataset, seed, parts });
      return { ...parts, ...saved.parts };
    },

    // Safe to retry: the same rows give the same snapshot, which is then found.
    freezeTrainingSet: (input: FreezeInput) =>
      holdingLease(registry, input.lease, (signal) => freezeTrainingSet(deps, input, signal)),

    // Safe to retry: the same training has the same key, in the lake and in the registry.
    trainVersion: (input: TrainVersionInput) =>
      holdingLease(registry, input.lease, (signal) => trainVersion(deps, input, signal)),
  });
}

export type TrainingActivities = ReturnType<typeof createTrainingActivities>;
