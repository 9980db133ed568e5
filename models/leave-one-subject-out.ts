/** Evaluates training itself: each subject is predicted by a classifier that never saw them. */
import { WatchlakeError } from '../core/errors';
import { counted } from '../core/figures';
import type { Evaluation } from './evaluation';
import { evaluate } from './evaluation';
import { streamSeed } from '../core/random';
import { groupsOf, rowsByGroup } from './groups';
import { predictHeldOut } from './held-out';
import type { TrainInput } from './training';
import { countsOf, wantOf, type TrainingSet } from './training-set';

export interface LeaveOneSubjectOutInput extends TrainInput {
  /** Called before each subject; lets a caller heartbeat. */
  readonly onSubject?: (done: number, of: number) => void;
}

/** What is wanting for a training without the subject, by those without whom something is. */
function wantsWithout({ labels, groups }: TrainingSet): Map<string, string> {
  const all = countsOf(labels);
  const wants = new Map<string, string>();
  for (const [subject, rows] of rowsByGroup(groups)) {
    // All less their own: whoever looks at the others of everybody looks at all rows as often as there are people.
    const others = new Map(all);
    for (const [label, count] of countsOf(rows.map((row) => labels[row] as string)))
      others.set(label, (others.get(label) as number) - count);
    const want = wantOf(others);
    if (want !== null) wants.set(subject, want);
  }
  return wants;
}

/**
 * Trains once for each subject on all the others; calibration, too, never sees the subject. A subject
 * without whom there is too little to train on is not scored, and counted.
 */
export async function leaveOneSubjectOut(
  set: TrainingSet,
  input: LeaveOneSubjectOutInput,
): Promise<Evaluation> {
  const subjects = groupsOf(set.groups);
  if (subjects.length < 2) {
    const found = counted(subjects.length, 'subject');
    const detail = `${found} with labelled windows, leaving one out needs at least two`;
    throw new WatchlakeError('TRAINING_DATA_INSUFFICIENT', { detail });
  }
  const wants = wantsWithout(set);
  if (wants.size === subjects.length) {
    const detail = `whoever is left out, the others are too few: ${[...wants.values()][0]}`;
    throw new WatchlakeError('TRAINING_DATA_INSUFFICIENT', { detail });
  }
  const classes = input.classes.length;
  const scored = set.groups.flatMap((group, row) => (wants.has(group) ? [] : [row]));
  const probabilities = new Float32Array(scored.length * classes);
  const groups = scored.map((row) => set.groups[row] as string);
  const placesOf = rowsByGroup(groups);
  for (const [index, subject] of subjects.entries()) {
    const places = placesOf.get(subject);
    if (places === undefined) continue;
    input.onSubject?.(index, subjects.length);
    const held = places.map((place) => scored[place] as number);
    const seed = streamSeed(input.seed, 1000 + index);
    const predicted = await predictHeldOut(set, held, { ...input, seed });
    places.forEach((place, position) => {
      const part = predicted.subarray(position * classes, (position + 1) * classes);
      probabilities.set(part, place * classes);
    });
  }
  const labels = scored.map((row) => set.labels[row] as string);
  const evaluation = evaluate({ probabilities, classes: input.classes, labels, subjects: groups });
  if (wants.size === 0) return evaluation;
  const unscored = { subjects: wants.size, windows: set.labels.length - scored.length };
  return { ...evaluation, unscored };
}
