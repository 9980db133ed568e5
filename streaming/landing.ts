/** Reads committed predictions, for the table that they are published as. */
import { endsOf, type Broker, type Offsets } from './ports';
import { decodePrediction, type Prediction } from './prediction';
import { fetchProgress, writtenEnds } from './progress';
import type { TopicNames } from './topics';

export interface LandedPrediction extends Prediction {
  readonly partition: number;
  readonly offset: number;
}

export interface PredictionRange {
  readonly topics: TopicNames;
  /** First offset of each partition; the oldest kept one when absent. */
  readonly fromOffsets?: Offsets;
  /** Exclusive ends; the present ones when absent. */
  readonly toOffsets?: Offsets;
  /** The present ends then hold at least all that this model's predictor has committed. */
  readonly model?: string;
  readonly signal?: AbortSignal;
}

export interface PredictionReading {
  /** Where the next reading begins: the same range always gives the same predictions. */
  readonly endOffsets: Offsets;
  /** Part by part, so that memory stays bounded; to be read once. */
  readonly predictions: AsyncIterable<readonly LandedPrediction[]>;
}

async function* landed(
  broker: Broker,
  { topics, fromOffsets, signal }: PredictionRange,
  endOffsets: Offsets,
): AsyncGenerator<readonly LandedPrediction[]> {
  const range = { topic: topics.predictions, from: fromOffsets, to: endOffsets, signal };
  for await (const messages of broker.read(range)) {
    yield messages.flatMap(({ partition, offset, value }) =>
      value === null ? [] : [{ ...decodePrediction(value), partition, offset }],
    );
  }
  signal?.throwIfAborted();
}

/**
 * A transaction shows in the topic some milliseconds after its offsets do, and a barrier looks at
 * the offsets: the topic's own end could lie before predictions that the barrier waited for.
 */
async function presentEnds(broker: Broker, { topics, model }: PredictionRange): Promise<Offsets> {
  const visible = endsOf(await broker.bounds(topics.predictions));
  const written =
    model === undefined ? {} : writtenEnds(await fetchProgress(broker, topics, model));
  const ends = Object.entries(visible).map(([partition, end]) => [
    partition,
    Math.max(end, written[Number(partition)] ?? 0),
  ]);
  return Object.fromEntries(ends) as Offsets;
}

/** The ends are fixed before anything is read: what is written meanwhile waits for the next time. */
export async function readPredictions(
  broker: Broker,
  range: PredictionRange,
): Promise<PredictionReading> {
  const endOffsets = range.toOffsets ?? (await presentEnds(broker, range));
  return { endOffsets, predictions: landed(broker, range, endOffsets) };
}
