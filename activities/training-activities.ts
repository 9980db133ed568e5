/** Steps of a training: draw the subjects, freeze what is learned from, train and register a version. */
import { alive } from './alive';
import { asActivities } from './as-activities';
import { drawSubjects, type DrawInput } from './draw-subjects';
import { freezeTrainingSet, type FreezeDeps, type FreezeInput } from './freeze-training-set';
import { holdingLease } from './held-lease';
import { trainVersion, type TrainVersionDeps, type TrainVersionInput } from './train-version';

export type TrainingDeps = FreezeDeps & TrainVersionDeps;

export function createTrainingActivities(deps: TrainingDeps) {
  const { registry } = deps;

  return asActivities({
    // Safe to retry: the draw depends on names and seed alone, and the first saved one stays.
    drawSubjects: (input: DrawInput) => drawSubjects(deps, input, alive().signal),

    // Safe to retry: the same rows give the same snapshot, which is then found.
    freezeTrainingSet: (input: FreezeInput) =>
      holdingLease(registry, input.lease, (signal) => freezeTrainingSet(deps, input, signal)),

    // Safe to retry: the same training has the same key, in the lake and in the registry.
    trainVersion: (input: TrainVersionInput) =>
      holdingLease(registry, input.lease, (signal) => trainVersion(deps, input, signal)),
  });
}

export type TrainingActivities = ReturnType<typeof createTrainingActivities>;
