/** Reads committed predictions, for the table that they are published as. */
import { setTimeout as sleep } from 'node:timers/promises';
import { fingerprintOf } from '../core/message-fingerprint';
import { nextRange, type EventRange } from './event-range';
import type { LastRead } from './made-anew';
import type { Broker, Offsets, PartitionBounds } from './ports';
import { predictionOrNull, type Prediction } from './prediction';
import { fetchProgress, totalsOf, writtenEnds, type ProgressByPartition } from './progress';
import type { TopicNames } from './topics';
import { unlandedRange, type LandedTo } from './unlanded';

export interface LandedPrediction extends Prediction {
  readonly partition: number;
  readonly offset: number;
}

export interface PredictionRange {
  readonly topics: TopicNames;
  /** Where the reading goes on; the oldest kept message when absent. */
  readonly landed?: LandedTo;
  /** The ends then hold at least all that this model's predictor has committed. */
  readonly model?: string;
  /** How long that is waited for; a minute by default. */
  readonly visibleWithinMs?: number;
  readonly signal?: AbortSignal;
}

export interface PredictionReading {
  /** Where the reading begins. */
  readonly fromOffsets: Offsets;
  /** Where the next reading begins: the same range always gives the same predictions. */
  readonly endOffsets: Offsets;
  /** Partitions that were made anew since they were landed: they are read from their start. */
  readonly restarted: readonly number[];
  /** Part by part, so that memory stays bounded; to be read once. */
  readonly predictions: AsyncIterable<readonly LandedPrediction[]>;
  /** How many messages were left out, by reason; known when all were read. */
  readonly leftOut: Readonly<Record<string, number>>;
  /** For the next reading, as are the ends; known when all were read. */
  readonly lastRead: LastRead;
  /** For the next reading as well. */
  readonly former: NonNullable<LandedTo['former']>;
  /**
   * Offsets that the topic has removed before they were read: at most so many predictions, for markers of transactions are among
   * them, and what an erasure has moved. Those before a first reading count when all was read, and the model has predicted more.
   */
  readonly skippedOffsets: () => number;
}

type Bounds = ReadonlyMap<number, PartitionBounds>;

const POLL_MS = 50;
// Longer than a killed process leaves a transaction open.
const VISIBLE_WITHIN_MS = 60_000;

/** What of the written does not show. */
const hiddenIn = (bounds: Bounds, written: Offsets): Offsets =>
  Object.fromEntries(
    Object.entries(written).filter(([name, end]) => {
      const partition = bounds.get(Number(name));
      return partition !== undefined && partition.end < end;
    }),
  );

/**
 * A transaction shows in the topic some milliseconds after its offsets do, and a barrier looks at the offsets: the topic's
 * own end could lie before predictions that the barrier waited for. What does not show in time is said of a former topic.
 */
async function visibleBounds(
  broker: Broker,
  { topics, visibleWithinMs = VISIBLE_WITHIN_MS, signal }: PredictionRange,
  written: Offsets,
): Promise<Bounds> {
  const deadlineMs = performance.now() + visibleWithinMs;
  for (;;) {
    const bounds = await broker.bounds(topics.predictions);
    const isVisible = Object.keys(hiddenIn(bounds, written)).length === 0;
    if (isVisible || performance.now() > deadlineMs) return bounds;
    await sleep(POLL_MS, undefined, { signal });
  }
}

interface Found {
  readonly leftOut: Record<string, number>;
  readonly lastRead: Record<number, LastRead[number]>;
  /** Predictions of the model. */
  ofModel: number;
}

async function* read(
  broker: Broker,
  { topics, model, signal }: PredictionRange,
  { from, to }: EventRange,
  found: Found,
): AsyncGenerator<readonly LandedPrediction[]> {
  const { leftOut, lastRead } = found;
  for await (const messages of broker.read({ topic: topics.predictions, from, to, signal })) {
    yield messages.flatMap(({ partition, offset, value }) => {
      const prediction = value === null ? null : predictionOrNull(value);
      if (prediction?.model === model) found.ofModel += 1;
      if (prediction !== null) return [{ ...prediction, partition, offset }];
      leftOut['no-prediction'] = (leftOut['no-prediction'] ?? 0) + 1;
      return [];
    });
    const last = new Map(messages.map((message) => [message.partition, message]));
    for (const [partition, message] of last) {
      lastRead[partition] = { offset: message.offset, fingerprint: fingerprintOf(message) };
    }
  }
  signal?.throwIfAborted();
}

/** Of what the predictor says that it has written, what is to be waited for. */
function awaited(
  { model = '', landed: { former = {} } = {} }: PredictionRange,
  said: Offsets,
  anew: ReadonlySet<number>,
): Offsets {
  const isFormer = ([partition, end]: [string, number]): boolean =>
    anew.has(Number(partition)) || former[model]?.[Number(partition)] === end;
  return Object.fromEntries(Object.entries(said).filter((each) => !isFormer(each)));
}

/** What it says of a former topic: what need not be waited for, and what was waited for in vain. */
function formerOf(
  { model = '', landed: { former = {} } = {} }: PredictionRange,
  { said, written, hidden }: { said: Offsets; written: Offsets; hidden: Offsets },
): PredictionReading['former'] {
  const { [model]: _own, ...others } = former;
  const own = Object.entries(said).filter(([name]) => !(name in written) || name in hidden);
  return own.length > 0 ? { ...others, [model]: Object.fromEntries(own) } : others;
}

/** The ends are fixed before anything is read: what is written meanwhile waits for the next time. */
export async function readPredictions(
  broker: Broker,
  request: PredictionRange,
): Promise<PredictionReading> {
  const { topics, model, landed = {} } = request;
  const { endOffsets: known = {}, lastRead = {} } = landed;
  const { restarted } = await unlandedRange(broker, topics.predictions, landed);
  const anew = new Set(restarted);
  const progress: ProgressByPartition =
    model === undefined ? new Map() : await fetchProgress(broker, topics, model);
  const said = writtenEnds(progress);
  const written = awaited(request, said, anew);
  const bounds = await visibleBounds(broker, request, written);
  const range = nextRange(bounds, known, Infinity, anew);
  const before = Object.entries(lastRead);
  const found: Found = {
    leftOut: {},
    lastRead: Object.fromEntries(before.filter(([partition]) => !anew.has(Number(partition)))),
    ofModel: 0,
  };
  const { predicted } = totalsOf(progress);
  return {
    fromOffsets: range.from,
    endOffsets: range.to,
    restarted: range.restarted,
    predictions: read(broker, request, range, found),
    leftOut: found.leftOut,
    lastRead: found.lastRead,
    former: formerOf(request, { said, written, hidden: hiddenIn(bounds, written) }),
    skippedOffsets: () =>
      range.skipped + (found.ofModel < predicted ? beforeFirst(bounds, known) : 0),
  };
}

/** Offsets that the topic has removed from partitions that were never read. */
const beforeFirst = (bounds: Bounds, known: Offsets): number =>
  [...bounds].reduce(
    (sum, [partition, { start }]) => sum + (known[partition] === undefined ? start : 0),
    0,
  );
