/** Scores a training by leaving each subject out, after looking for a split that leaks. */
import { WatchlakeError } from '../core/errors';
import type { Evaluation } from '../models/evaluation';
import { probeLeakage } from '../models/leakage';
import { leaveOneSubjectOut } from '../models/leave-one-subject-out';
import type { TrainInput } from '../models/training';
import type { TrainingSet } from '../models/training-set';

/** Throws LEAKAGE_FOUND when the clock alone gives the held-out labels away. */
export async function evaluateTraining(
  set: TrainingSet,
  startsMs: readonly number[],
  training: TrainInput,
  onStep: (step: string) => void,
): Promise<Evaluation> {
  refuseLeakage(set, startsMs);
  return leaveOneSubjectOut(set, {
    ...training,
    onSubject: (done, of) => onStep(`leave-one-subject-out: ${done} of ${of}`),
  });
}

function refuseLeakage({ labels, groups }: TrainingSet, startsMs: readonly number[]): void {
  const rows = labels.map((_, row) => row);
  const side = (chosen: number[]) => ({
    timestampsMs: chosen.map((row) => startsMs[row] as number),
    labels: chosen.map((row) => labels[row] as string),
  });
  const probes = [...new Set(groups)].map((subject) => {
    const test = side(rows.filter((row) => groups[row] === subject));
    const train = side(rows.filter((row) => groups[row] !== subject));
    return { ...probeLeakage({ train, test }), windows: test.labels.length };
  });
  const mean = (of: (probe: (typeof probes)[number]) => number) =>
    probes.reduce((sum, probe) => sum + of(probe) * probe.windows, 0) / labels.length;
  const score = mean((probe) => probe.score);
  const limit = mean((probe) => probe.limit);
  if (score > limit) {
    const rounded = { score: score.toFixed(3), limit: limit.toFixed(3) };
    throw new WatchlakeError('LEAKAGE_FOUND', rounded);
  }
}
