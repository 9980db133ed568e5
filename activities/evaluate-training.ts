/** Scores a training by leaving each subject out, after looking for a split that leaks. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { WatchlakeError } from '../core/errors';
import type { Evaluation } from '../models/evaluation';
import { sideOf, type Side } from '../lakehouse/arwise/shipped-split';
import type { TrainingWindows } from '../lakehouse/training-windows';
import { evaluateHeldOut } from '../models/held-out';
import { probeLeakage, type LeakageProbe, type TimedLabels } from '../models/leakage';
import { leaveOneSubjectOut } from '../models/leave-one-subject-out';
import { parallelWatches } from '../models/parallel-watches';
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

/**
 * The split that the data came with, where they came with one: refused when windows of one burst lie
 * on both of its sides.
 */
export async function evaluateShippedSplit(
  set: TrainingSet,
  { devices, startsMs }: Pick<TrainingWindows, 'devices' | 'startsMs'>,
  training: TrainInput,
): Promise<Evaluation> {
  const sides = devices.map(sideOf);
  const rowsOf = (wanted: Side): number[] =>
    sides.flatMap((side, row) => (side === wanted ? [row] : []));
  const [train, test] = [rowsOf('train'), rowsOf('test')];
  if (train.length + test.length < sides.length) {
    const detail = 'the windows came without a split into train and test';
    throw new WatchlakeError('INPUT_INVALID', { field: 'scheme', detail });
  }
  const timed = timedLabels(set, startsMs);
  const { leaks, ...probe } = probeLeakage({ train: timed(train), test: timed(test) });
  if (leaks) throw leakageFound(probe);
  return evaluateHeldOut(set, test, training);
}

const leakageFound = ({ score, limit }: Pick<LeakageProbe, 'score' | 'limit'>): WatchlakeError =>
  new WatchlakeError('LEAKAGE_FOUND', { score: score.toFixed(3), limit: limit.toFixed(3) });

const timedLabels =
  ({ labels }: TrainingSet, startsMs: readonly number[]) =>
  (rows: readonly number[]): TimedLabels => ({
    timestampsMs: rows.map((row) => startsMs[row] as number),
    labels: rows.map((row) => labels[row] as string),
  });

/** By people: who is recorded at the same time as the person left out, on another watch, gives nothing away. */
async function refuseLeakage(
  set: TrainingSet,
  startsMs: readonly number[],
  signal?: AbortSignal,
): Promise<void> {
  const { labels, groups } = set;
  const rows = labels.map((_, row) => row);
  const side = timedLabels(set, startsMs);
  const parallelTo = parallelWatches({ ...set, startsMs });
  const probes: (LeakageProbe & { windows: number })[] = [];
  for (const subject of new Set(groups)) {
    const isParallel = parallelTo(subject);
    const left = rows.filter((row) => groups[row] === subject);
    const others = rows.filter((row) => groups[row] !== subject && !isParallel(row));
    // Each probe sorts all windows: heartbeats go out in between.
    await nextTurn();
    signal?.throwIfAborted();
    if (others.length === 0) continue;
    const probe = probeLeakage({ train: side(others), test: side(left) });
    probes.push({ ...probe, windows: left.length });
  }
  if (probes.length === 0) return;
  const sum = (of: (probe: (typeof probes)[number]) => number) =>
    probes.reduce((total, probe) => total + of(probe) * probe.windows, 0);
  const windows = sum(() => 1);
  const score = sum((probe) => probe.score) / windows;
  const limit = sum((probe) => probe.limit) / windows;
  if (score > limit) throw leakageFound({ score, limit });
}
