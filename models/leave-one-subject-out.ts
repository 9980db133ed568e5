/** Evaluates training itself: each subject is predicted by a classifier that never saw them. */
import { WatchlakeError } from '../core/errors';
import type { Evaluation } from './evaluation';
import { evaluate } from './evaluation';
import { streamSeed } from '../core/random';
import { groupsOf } from './groups';
import { predictHeldOut } from './held-out';
import type { TrainInput } from './training';
import type { TrainingSet } from './training-set';

export interface LeaveOneSubjectOutInput extends TrainInput {
  /** Called before each subject; lets a caller heartbeat. */
  readonly onSubject?: (done: number, of: number) => void;
}

/** Trains once for each subject on all the others; calibration, too, never sees the subject. */
export async function leaveOneSubjectOut(
  set: TrainingSet,
  input: LeaveOneSubjectOutInput,
): Promise<Evaluation> {
  const subjects = groupsOf(set.groups);
  if (subjects.length < 2) {
    const detail = `${subjects.length} subject, leaving one out needs at least two`;
    throw new WatchlakeError('TRAINING_DATA_INSUFFICIENT', { detail });
  }
  const classes = input.classes.length;
  const probabilities = new Float32Array(set.labels.length * classes);
  for (const [index, subject] of subjects.entries()) {
    input.onSubject?.(index, subjects.length);
    const held = set.groups.flatMap((group, row) => (group === subject ? [row] : []));
    const seed = streamSeed(input.seed, 1000 + index);
    const predicted = await predictHeldOut(set, held, { ...input, seed });
    held.forEach((row, position) => {
      const part = predicted.subarray(position * classes, (position + 1) * classes);
      probabilities.set(part, row * classes);
    });
  }
  const { labels, groups } = set;
  return evaluate({ probabilities, classes: input.classes, labels, subjects: groups });
}
