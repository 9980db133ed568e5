/** What the streams need of a message broker and of recordings: small ports that any adapter fits. */
import type { SampleSpan } from '../models/signal';

/** Where adapters and long-running loops report to; pino and Temporal's `log` both fit. */
export interface StreamLog {
  debug(message: string, fields?: Record<string, unknown>): void;
  info(message: string, fields?: Record<string, unknown>): void;
  warn(message: string, fields?: Record<string, unknown>): void;
  error(message: string, fields?: Record<string, unknown>): void;
}

export interface TopicSpec {
  readonly topic: string;
  readonly partitions: number;
  readonly compacted?: boolean;
  readonly replicationFactor?: number;
}

export interface OutgoingMessage {
  /** Messages with the same key keep their order; without one the first partition takes them. */
  readonly key: string | null;
  readonly value: Buffer | string | null;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface TopicMessages {
  readonly topic: string;
  readonly messages: readonly OutgoingMessage[];
}

export interface ReceivedMessage {
  readonly partition: number;
  readonly offset: number;
  readonly key: string | null;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, string>>;
}

/** Offsets by partition. */
export type Offsets = Readonly<Record<number, number>>;

/** What a partition holds: from `start` up to, without, `end`. */
export interface PartitionBounds {
  readonly start: number;
  readonly end: number;
}

/** Topic → the offset of the last message that was sent to each partition. */
export type LastOffsets = ReadonlyMap<string, Offsets>;

export interface OffsetCommit {
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** At most 4,096 bytes on a broker with default settings. */
  readonly metadata: string;
}

export interface CommittedOffset {
  readonly offset: number;
  readonly metadata: string | null;
}

/** The last message that was sent to a partition, and where it lies there. */
export interface LastSent {
  readonly partition: number;
  readonly offset: number;
  readonly message: OutgoingMessage;
}

export interface Producer {
  /** Resolves when the broker has stored all messages, each once; gives the last one of each partition. */
  send(topic: string, messages: readonly OutgoingMessage[]): Promise<readonly LastSent[]>;
  close(): Promise<void>;
}

/**
 * Owner of a transactional id. After an error it must be closed and opened again, because whether
 * the transaction was committed is then known to the broker alone.
 */
export interface TransactionalProducer {
  /**
   * Messages and offsets become visible together or not at all; `offsetsOf` is told where the
   * messages went. Throws PRODUCER_FENCED when another process has opened the same id.
   */
  commit(
    output: readonly TopicMessages[],
    offsetsOf: (last: LastOffsets) => readonly OffsetCommit[],
  ): Promise<void>;
  close(): Promise<void>;
}

export interface ConsumedBatch {
  readonly partition: number;
  readonly messages: readonly ReceivedMessage[];
  /** Up to where it reaches, exclusive: markers of transactions behind the last message are passed with it. */
  readonly end: number;
  /** Grows whenever partitions are dealt out anew; what was known of a partition is then void. */
  readonly generation: number;
  /** Keeps the membership alive; its errors have to reach the consumer unchanged. */
  heartbeat(): Promise<void>;
  /** True once the rest of the batch is no longer wanted. */
  isStale(): boolean;
  /** The next fetch starts after this offset. */
  resolve(offset: number): void;
  /** The next fetch starts at this offset. */
  seek(offset: number): void;
}

export interface ConsumeRequest {
  readonly group: string;
  readonly topic: string;
  /** How many partitions are worked on at the same time. */
  readonly concurrency?: number;
  /** How long a member may be silent before its partitions go to others. */
  readonly sessionTimeoutMs?: number;
  readonly onAssigned?: (partitions: readonly number[], generation: number) => void;
  /** What was to be read next is gone, and the group's committed offset was replaced by the oldest, without its metadata. */
  readonly onReset?: () => void;
  readonly onBatch: (batch: ConsumedBatch) => Promise<void>;
  readonly signal: AbortSignal;
}

export interface ReadRequest {
  readonly topic: string;
  /** First offset of each partition, the oldest kept one when absent. */
  readonly from?: Offsets;
  /**
   * End of each partition (exclusive): the reading waits until it gets there. When absent the
   * present ends; a transaction that was committed a moment ago may still lie behind them.
   */
  readonly to?: Offsets;
  /** Read on until the signal aborts; `to` is then not looked at. */
  readonly follow?: boolean;
  readonly signal?: AbortSignal;
}

export const endsOf = (bounds: ReadonlyMap<number, PartitionBounds>): Offsets =>
  Object.fromEntries([...bounds].map(([partition, { end }]) => [partition, end]));

/** Every method throws BROKER_UNAVAILABLE when the broker stays away for longer than the retries. */
export interface Broker {
  /** Makes what is missing; throws TOPIC_MISMATCH when a topic has another partition count, and TOPICS_REFUSED. */
  ensureTopics(topics: readonly TopicSpec[]): Promise<void>;
  /** Whether what is missing could be made; makes nothing. Throws BROKER_REFUSED and TOPICS_REFUSED. */
  tryTopics(topics: readonly TopicSpec[]): Promise<void>;
  /** The names of all topics that there are. */
  topics(): Promise<readonly string[]>;
  /**
   * What each partition holds, as a reader of committed messages sees it: the markers that make a
   * transaction visible arrive some milliseconds after its commit.
   */
  bounds(topic: string): Promise<ReadonlyMap<number, PartitionBounds>>;
  committed(group: string, topic: string): Promise<ReadonlyMap<number, CommittedOffset>>;
  /** Makes each partition begin at this offset: what lies before it is gone for every reader. */
  deleteRecords(topic: string, before: Offsets): Promise<void>;
  /** How long the topic keeps a message, in milliseconds; null when it keeps it for ever. */
  retention(topic: string): Promise<number | null>;
  openProducer(): Promise<Producer>;
  /** Fences whoever holds the id, and waits until its last transaction is decided. */
  openTransactional(transactionalId: string): Promise<TransactionalProducer>;
  /** Works until the signal aborts; the handler alone moves the position and commits. */
  consume(request: ConsumeRequest): Promise<void>;
  /** Committed messages, in order within each partition, with no more than two fetches in memory. Throws TOPIC_MADE_ANEW where its end cannot come any more. */
  read(request: ReadRequest): AsyncIterable<readonly ReceivedMessage[]>;
  close(): Promise<void>;
}

/** What one recording holds of one slot on its device's clock. */
export interface RecordingSlice {
  readonly device: string;
  readonly recording: string;
  readonly subjectKey: string;
  readonly channels: readonly string[];
  readonly span: SampleSpan;
  /** From the device's first sample to the first one here: all devices start together. */
  readonly elapsedMs: number;
  /** The recording has no samples after these. */
  readonly endsRecording: boolean;
}

export interface SourceSelection {
  readonly dataset: string;
  /** All subjects when absent. */
  readonly subjectKeys?: readonly string[];
  readonly snapshotId?: string;
}

export interface SliceSelection extends SourceSelection {
  /** Length of the slots: they lie on the device's clock, wherever a recording begins. */
  readonly sliceMs: number;
  readonly signal?: AbortSignal;
}

/** Where the simulator finds what to replay; provided by the lakehouse through the workers. */
export interface SampleSource {
  /** The snapshot to pin a simulation to, so that it can go on after a refresh. */
  currentSnapshot?(dataset: string): Promise<string>;
  /** How many samples there are to replay. */
  size(selection: SourceSelection): Promise<number>;
  /** The devices of the subjects, in a stable order. */
  devices(selection: SourceSelection): Promise<readonly string[]>;
  /** By elapsed time, then by device; the same ones in the same order whenever it is asked. */
  slices(selection: SliceSelection): AsyncIterable<RecordingSlice>;
}
