/** Scores a training by leaving each subject out, after looking for a split that leaks. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { WatchlakeError } from '../core/errors';
import type { Evaluation } from '../models/evaluation';
import { probeLeakage, type LeakageProbe } from '../models/leakage';
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
  await refuseLeakage(set, startsMs, training.signal);
  return leaveOneSubjectOut(set, {
    ...training,
    onSubject: (done, of) => onStep(`leave-one-subject-out: ${done} of ${of}`),
  });
}

async function refuseLeakage(
  { labels, groups }: TrainingSet,
  startsMs: readonly number[],
  signal?: AbortSignal,
): Promise<void> {
  const rows = labels.map((_, row) => row);
  const side = (chosen: number[]) => ({
    timestampsMs: chosen.map((row) => startsMs[row] as number),
    labels: chosen.map((row) => labels[row] as string),
  });
  const probes: (LeakageProbe & { windows: number })[] = [];
  for (const subject of new Set(groups)) {
    const test = side(rows.filter((row) => groups[row] === subject));
    const train = side(rows.filter((row) => groups[row] !== subject));
    probes.push({ ...probeLeakage({ train, test }), windows: test.labels.length });
    // Each probe sorts all windows: heartbeats go out in between.
    await nextTurn();
    signal?.throwIfAborted();
  }
  const mean = (of: (probe: (typeof probes)[number]) => number) =>
    probes.reduce((sum, probe) => sum + of(probe) * probe.windows, 0) / labels.length;
  const score = mean((probe) => probe.score);
  const limit = mean((probe) => probe.limit);
  if (score > limit) {
    const rounded = { score: score.toFixed(3), limit: limit.toFixed(3) };
    throw new WatchlakeError('LEAKAGE_FOUND', rounded);
  }
}
