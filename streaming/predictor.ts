/** The exactly-once loop: each window of the stream is classified and written once, whatever dies. */
import { setTimeout as sleep } from 'node:timers/promises';
import { isWatchlakeError } from '../core/errors';
import { ChampionHolder, type ChampionDeps } from './champion';
import type { ClassifyOptions } from './classify';
import { MESSAGE_BYTES } from './kafka-producer';
import { PartitionState } from './partition-state';
import type { ConsumedBatch, Offsets, ReceivedMessage, TransactionalProducer } from './ports';
import {
  addCounters,
  encodeProgress,
  NOTHING_COUNTED,
  placeOf,
  type Counters,
  type Progress,
  type ProgressByPartition,
} from './progress';
import { predictorGroup, predictorTransactionalId, type TopicNames } from './topics';

export interface PredictorOptions extends ClassifyOptions {
  readonly topics: TopicNames;
  readonly silentAfterOffsets?: number;
  readonly sessionTimeoutMs?: number;
  /** Messages in one transaction at most. */
  readonly messagesPerTransaction?: number;
  /** Consecutive failures after which the predictor gives up. */
  readonly failuresAllowed?: number;
  /** Samples before these offsets, by partition, are of a dataset that was removed. */
  readonly notBefore?: Offsets;
}

export interface PredictorProgress extends Counters {
  readonly version: string;
  readonly partitions: readonly number[];
}

const MESSAGES_PER_TRANSACTION = 500;
const FAILURES_ALLOWED = 60;
const FAILURE_WAIT_MS = 1000;
const CONCURRENT_PARTITIONS = 4;
const LOST =
  'samples were deleted before they were predicted: set a longer retention.ms of the samples topic';

/** A partition that this process has taken over. */
interface Owned {
  readonly state: PartitionState;
  readonly producer: TransactionalProducer;
  readonly generation: number;
  /** Up to where it was read, markers of transactions included. */
  readTo: number;
  /** Resolves when its last transaction is over. */
  turn: Promise<void>;
}

/** Messages that lie before those that are known are read after a restart, or of a topic that was made anew. */
const goesOn = ({ generation, messages }: ConsumedBatch, owned: Owned): boolean =>
  generation === owned.generation && (messages[0]?.offset ?? Infinity) >= owned.state.nextOffset;

/** A producer has one transaction at a time. */
function inTurn(owned: Owned, work: () => Promise<void>): Promise<void> {
  const done = owned.turn.then(work);
  owned.turn = done.catch(() => undefined);
  return done;
}

const isPassing = (error: unknown): boolean =>
  isWatchlakeError(error) &&
  (error.code === 'BROKER_UNAVAILABLE' || error.code === 'PRODUCER_FENCED');

export class Predictor {
  private readonly deps: ChampionDeps;
  private readonly options: PredictorOptions;
  private readonly group: string;
  private readonly owned = new Map<number, Owned>();
  private champion?: ChampionHolder;
  private assigned: readonly number[] = [];
  private counters = NOTHING_COUNTED;
  private readonly reached = new Map<number, Progress>();
  private failures = 0;

  constructor(deps: ChampionDeps, options: PredictorOptions) {
    this.deps = deps;
    this.options = options;
    this.group = predictorGroup(options.topics, options.model);
  }

  /** How far this object has come in the partitions it has worked on. */
  get progressByPartition(): ProgressByPartition {
    return this.reached;
  }

  /** Counted since this object was made; the committed offsets hold the totals. */
  get progress(): PredictorProgress {
    const { counters, assigned: partitions } = this;
    return { ...counters, partitions, version: this.champion?.version ?? '' };
  }

  /** Predicts until the signal aborts; ends between two transactions. */
  async run(signal: AbortSignal): Promise<void> {
    const stop = new AbortController();
    const both = AbortSignal.any([signal, stop.signal]);
    const champion = await ChampionHolder.open(this.deps, this.options);
    this.champion = champion;
    const tasks = [this.consumeUntil(both), champion.follow(both)];
    try {
      // A champion that cannot be used ends the run as surely as the stream's own failure.
      await Promise.all(tasks);
    } finally {
      stop.abort();
      await Promise.allSettled(tasks);
      champion.dispose();
    }
  }

  private async consumeUntil(signal: AbortSignal): Promise<void> {
    const { topics, sessionTimeoutMs } = this.options;
    while (!signal.aborted) {
      try {
        await this.deps.broker.consume({
          group: this.group,
          topic: topics.samples,
          concurrency: CONCURRENT_PARTITIONS,
          sessionTimeoutMs,
          onAssigned: (partitions) => (this.assigned = partitions),
          onReset: () => this.keepPlaces(),
          onBatch: (batch) => this.onBatch(batch),
          signal,
        });
      } catch (error) {
        await this.bear(error, signal);
      } finally {
        await this.releaseAll();
      }
    }
  }

  /** Waits after a failure that passes; throws any other, and when there were too many. */
  private async bear(error: unknown, signal?: AbortSignal): Promise<void> {
    this.failures += 1;
    const { failuresAllowed = FAILURES_ALLOWED } = this.options;
    if (!isPassing(error) || this.failures > failuresAllowed) throw error;
    this.deps.log.warn('the stream was interrupted, trying again', {
      detail: error instanceof Error ? error.message : String(error),
      failures: this.failures,
    });
    await sleep(FAILURE_WAIT_MS, undefined, { signal }).catch(() => undefined);
  }

  private async onBatch(batch: ConsumedBatch): Promise<void> {
    const known = this.owned.get(batch.partition);
    try {
      if (known && goesOn(batch, known)) {
        await this.tellLost(batch, known);
        await this.work(batch, known);
      } else await this.takeOver(batch);
    } catch (error) {
      // Whether the transaction was committed is not known here: ask the broker before going on.
      await this.release(batch.partition);
      if (!isPassing(error)) throw error;
      await this.bear(error);
    }
    await batch.heartbeat();
  }

  /**
   * Opening the transactional id fences the former owner and decides its last transaction. Only
   * then is the committed offset the truth, from which the partition is read anew.
   */
  private async takeOver(batch: ConsumedBatch): Promise<void> {
    const { partition, generation } = batch;
    const { broker, log } = this.deps;
    const { topics, model } = this.options;
    await this.release(partition);
    const producer = await broker.openTransactional(
      predictorTransactionalId(topics.samples, model, partition),
    );
    try {
      const committed = (await broker.committed(this.group, topics.samples)).get(partition);
      const kept = (await broker.bounds(topics.samples)).get(partition);
      const { from, progress, lost, isAnew } = placeOf(
        committed,
        kept,
        this.options.notBefore?.[partition],
      );
      const signal = (this.champion as ChampionHolder).schema.signal;
      const state = new PartitionState({ ...this.options, signal }, from, progress);
      const turn = Promise.resolve();
      this.owned.set(partition, { state, producer, generation, readTo: from, turn });
      log.info('partition taken over', { partition, from, next: progress.next });
      if (isAnew)
        log.warn('the samples topic was made anew: it is read from its start', { partition });
      if (lost > 0) log.warn(LOST, { partition, offsets: lost });
      batch.seek(from);
    } catch (error) {
      await producer.close().catch(() => undefined);
      throw error;
    }
  }

  /** Where the topic has deleted what a running predictor still had to read, the broker goes on with what is left. */
  private async tellLost({ partition, messages, end }: ConsumedBatch, owned: Owned): Promise<void> {
    const { state, readTo } = owned;
    const next = Math.max(state.nextOffset, state.progress.next);
    const first = messages[0]?.offset ?? 0;
    owned.readTo = end;
    if (first <= Math.max(next, readTo)) return;
    // It may be a marker of a transaction that came by itself.
    const kept = (await this.deps.broker.bounds(this.options.topics.samples)).get(partition);
    const lost = Math.min(kept?.start ?? 0, first) - next;
    if (lost > 0) this.deps.log.warn(LOST, { partition, offsets: lost });
  }

  private async work(batch: ConsumedBatch, owned: Owned): Promise<void> {
    const size = this.options.messagesPerTransaction ?? MESSAGES_PER_TRANSACTION;
    for (let from = 0; from < batch.messages.length; from += size) {
      if (batch.isStale()) return;
      const part = batch.messages.slice(from, from + size);
      const unknown = part.filter(({ offset }) => offset >= owned.state.nextOffset);
      if (unknown.length > 0)
        await inTurn(owned, () => this.workOn(unknown, batch.partition, owned));
      batch.resolve((part.at(-1) as ReceivedMessage).offset);
      await batch.heartbeat();
    }
  }

  /** One transaction: the predictions, the late, the unreadable and the offset to go on from. */
  private async workOn(
    messages: readonly ReceivedMessage[],
    partition: number,
    { state, producer }: Owned,
  ): Promise<void> {
    const topic = this.options.topics.samples;
    await (this.champion as ChampionHolder).use(async (champion) => {
      const step = await state.step(messages, champion);
      if (step.isRebuild) return;
      await producer.commit(step.output, (last) => {
        const { rereadFrom: offset, progress } = state.checkpoint(step, last);
        return [
          { group: this.group, topic, partition, offset, metadata: encodeProgress(progress) },
        ];
      });
      this.warnOfTooLong(step.counted);
      this.counters = addCounters(this.counters, step.counted);
      this.reached.set(partition, state.progress);
    });
    this.failures = 0;
  }

  /**
   * Where all that was not read yet is deleted nothing comes that a place could be committed with, and a predictor that
   * ends then would be followed by one that knows nothing of it: neither what was counted nor what is lost.
   */
  private keepPlaces(): void {
    for (const [partition, owned] of this.owned)
      void inTurn(owned, () => this.keepPlace(partition, owned));
  }

  private async keepPlace(partition: number, { state, producer, readTo }: Owned): Promise<void> {
    const topic = this.options.topics.samples;
    try {
      const kept = (await this.deps.broker.bounds(topic)).get(partition);
      // A topic that was made anew begins before it: that one is read from its start.
      if (kept === undefined || kept.start <= readTo) return;
      const metadata = encodeProgress(state.progress);
      const place = { group: this.group, topic, partition, offset: kept.start, metadata };
      await producer.commit([], () => [place]);
    } catch (error) {
      this.deps.log.warn('the place of a partition could not be kept', {
        partition,
        detail: error instanceof Error ? error.message : String(error),
      });
    }
  }

  /** Once: what one device sends, it goes on sending. */
  private warnOfTooLong({ tooLong }: Counters): void {
    if (tooLong === 0 || this.counters.tooLong > 0) return;
    this.deps.log.warn('nobody is asked about windows whose signal is too long for a message', {
      limitBytes: MESSAGE_BYTES,
    });
  }

  private async release(partition: number): Promise<void> {
    const owned = this.owned.get(partition);
    this.owned.delete(partition);
    await owned?.turn;
    await owned?.producer.close().catch(() => undefined);
  }

  private async releaseAll(): Promise<void> {
    await Promise.all([...this.owned.keys()].map((partition) => this.release(partition)));
  }
}
