/** What a partition's committed offset says beside the offset: how far, and how much in all. */
import { z } from 'zod';
import type { Broker, CommittedOffset, Offsets, PartitionBounds } from './ports';
import { predictorGroup, type TopicNames } from './topics';

const counters = {
  /** Windows classified. */
  predicted: z.int(),
  /** Samples that came too late for their window. */
  late: z.int(),
  /** Batches that could not be read. */
  deadLettered: z.int(),
  /** Batches of other datasets. */
  skipped: z.int(),
  /** Candidates whose signal is longer than a message: nobody is asked about them. */
  tooLong: z.int().default(0),
};

const progressSchema = z.object({
  /** The first offset whose windows have not been emitted yet. */
  next: z.int(),
  ...counters,
  /** Partition of the predictions → the end (exclusive) of what this partition led to there. */
  written: z.record(z.string(), z.int()),
});

export type Progress = z.infer<typeof progressSchema>;
export type Counters = Omit<Progress, 'next' | 'written'>;

export const NOTHING_COUNTED: Counters = {
  predicted: 0,
  late: 0,
  deadLettered: 0,
  skipped: 0,
  tooLong: 0,
};

const combined = (a: Counters, b: Counters, of: (a: number, b: number) => number): Counters => ({
  predicted: of(a.predicted, b.predicted),
  late: of(a.late, b.late),
  deadLettered: of(a.deadLettered, b.deadLettered),
  skipped: of(a.skipped, b.skipped),
  tooLong: of(a.tooLong, b.tooLong),
});

export const addCounters = (a: Counters, b: Counters): Counters =>
  combined(a, b, (one, other) => one + other);

/** What has come since; where a topic was made anew in between the counts have begun at zero. */
export function countedSince(before: Counters, now: Counters): Counters {
  const since = combined(now, before, (later, earlier) => later - earlier);
  return Object.values(since).some((count) => count < 0) ? now : since;
}

export const encodeProgress = (progress: Progress): string => JSON.stringify(progress);

/** An offset without our metadata (an operator's reset) is taken for the place to go on from. */
export function progressOf(committed: CommittedOffset | undefined): Progress {
  const start: Progress = { next: committed?.offset ?? 0, ...NOTHING_COUNTED, written: {} };
  if (!committed?.metadata) return start;
  try {
    return progressSchema.parse(JSON.parse(committed.metadata));
  } catch {
    return start;
  }
}

/** Where to go on in a partition. */
interface Place {
  readonly from: number;
  readonly progress: Progress;
  /** Offsets, markers among them, that retention has deleted before their windows were emitted. */
  readonly lost: number;
  /** The partition ends before what was read of it: it is another one, and begins at its start. */
  readonly isAnew: boolean;
}

/** What lies before `notBefore` is nobody's business any more: it is neither read nor missed. */
export function placeOf(
  committed: CommittedOffset | undefined,
  { start, end }: PartitionBounds = { start: 0, end: Infinity },
  notBefore = 0,
): Place {
  const known = progressOf(committed);
  const progress = { ...known, next: Math.max(known.next, Math.min(notBefore, end)) };
  if (progress.next > end) {
    return { from: start, progress: { ...progress, next: start }, lost: 0, isAnew: true };
  }
  const lost = committed ? Math.max(0, start - progress.next) : 0;
  const from = Math.max(committed?.offset ?? 0, start, Math.min(notBefore, end));
  return { from, progress, lost, isAnew: false };
}

export type ProgressByPartition = ReadonlyMap<number, Progress>;

/** How far the model's predictor has come in each partition, as the broker knows it. */
export async function fetchProgress(
  broker: Broker,
  topics: TopicNames,
  model: string,
): Promise<ProgressByPartition> {
  const committed = await broker.committed(predictorGroup(topics, model), topics.samples);
  return new Map([...committed].map(([partition, entry]) => [partition, progressOf(entry)]));
}

/** The further one of each partition: what was committed just now is not visible at once. */
export function newestProgress(
  a: ProgressByPartition,
  b: ProgressByPartition,
): ProgressByPartition {
  const newest = new Map(a);
  for (const [partition, progress] of b) {
    if (progress.next > (newest.get(partition)?.next ?? -1)) newest.set(partition, progress);
  }
  return newest;
}

export const totalsOf = (progress: ProgressByPartition): Counters =>
  [...progress.values()].reduce(addCounters, NOTHING_COUNTED);

/** Whether every one of these offsets lies behind the predictor. */
export const hasPassed = (progress: ProgressByPartition, lastOffsets: Offsets): boolean =>
  Object.entries(lastOffsets).every(
    ([partition, last]) => (progress.get(Number(partition))?.next ?? 0) > last,
  );

/** Partition of the predictions → end (exclusive) of all that has been committed there. */
export function writtenEnds(progress: ProgressByPartition): Offsets {
  const ends: Record<number, number> = {};
  for (const { written } of progress.values()) {
    for (const [partition, end] of Object.entries(written)) {
      ends[Number(partition)] = Math.max(end, ends[Number(partition)] ?? 0);
    }
  }
  return ends;
}
