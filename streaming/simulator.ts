/** Replays held-back recordings into the stream as their devices would have sent them, each batch once. */
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { isWatchlakeError, WatchlakeError } from '../core/errors';
import { contentHash } from '../core/hash';
import { replay, type ReplayedBatch, type ReplayOptions } from './device-replay';
import type {
  Broker,
  CommittedOffset,
  OutgoingMessage,
  SampleSource,
  StreamLog,
  TransactionalProducer,
} from './ports';
import { encodeSampleBatch, SAMPLE_BATCH_SCHEMA, SCHEMA_HEADER } from './sample-batch';
import { simulationId, type TopicNames } from './topics';
import { waitUntil } from './wait-until';

export interface SimulationDeps {
  readonly broker: Broker;
  readonly source: SampleSource;
  readonly log: StreamLog;
}

export interface SimulationOptions extends Omit<ReplayOptions, 'batchMs'> {
  readonly name: string;
  readonly topics: TopicNames;
  /** Device time per wall time; 0 for as fast as the broker takes it. */
  readonly speed: number;
  readonly batchMs?: number;
  readonly messagesPerTransaction?: number;
  readonly failuresAllowed?: number;
  /** Whose batches are left out; nobody's by default. */
  readonly isWithdrawn?: (subjectKey: string) => boolean;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: SimulationProgress) => void;
}

export interface SimulationProgress {
  readonly batches: number;
  readonly samples: number;
  /** Samples of the whole simulation. */
  readonly of: number;
}

export interface SimulationResult {
  readonly batches: number;
  readonly samples: number;
  readonly devices: number;
  /** Partition → offset of the last batch sent there. */
  readonly lastOffsets: Record<string, string>;
}

const BATCH_MS = 1000;
const MESSAGES_PER_TRANSACTION = 300;
const FAILURES_ALLOWED = 60;
const FAILURE_WAIT_MS = 1000;

const cursorSchema = z.object({
  /** Names the inputs: a simulation goes on only with the same ones. */
  plan: z.string(),
  /** The snapshot that is replayed, if the source has any. */
  snapshotId: z.string().optional(),
  /** What was sent. */
  batches: z.int(),
  samples: z.int(),
  /** Batches of the replay that are done with, sent or left out; as many as were sent without it. */
  replayed: z.int().optional(),
});

type Cursor = z.infer<typeof cursorSchema>;

/** What the broker knows of a simulation: it is written in one transaction with the batches. */
interface Sent {
  readonly cursor: Cursor;
  readonly lastOffsets: Record<string, string>;
}

/** Null for what no simulation has committed, such as an offset that an operator has set. */
function cursorIn(metadata: string | null): Cursor | null {
  try {
    return cursorSchema.parse(JSON.parse(metadata ?? ''));
  } catch {
    return null;
  }
}

function sentOf(committed: ReadonlyMap<number, CommittedOffset>, plan: string): Sent {
  let cursor: Cursor = { plan, batches: 0, samples: 0 };
  const lastOffsets: Record<string, string> = {};
  for (const [partition, { offset, metadata }] of committed) {
    const known = cursorIn(metadata);
    if (known?.plan !== plan) {
      const detail =
        'a replay of this name was run with other inputs, or its offsets were set by hand: give another name';
      throw new WatchlakeError('INPUT_INVALID', { field: 'name', detail });
    }
    if (known.batches > cursor.batches) cursor = known;
    lastOffsets[partition] = String(offset - 1);
  }
  return { cursor, lastOffsets };
}

interface Group {
  readonly batches: readonly ReplayedBatch[];
  /** Batches of the replay that are done with when these are sent. */
  readonly replayed: number;
}

class Simulation {
  private readonly deps: SimulationDeps;
  private readonly options: SimulationOptions;
  private replayed: ReplayOptions;
  private readonly id: string;
  private readonly plan: string;
  private failures = 0;

  constructor(deps: SimulationDeps, options: SimulationOptions) {
    const { name, topics, dataset, subjectKeys, snapshotId, batchMs = BATCH_MS, speed } = options;
    if (!(speed >= 0)) {
      throw new WatchlakeError('INPUT_INVALID', { field: 'speed', detail: 'has to be 0 or more' });
    }
    this.deps = deps;
    this.options = options;
    this.replayed = { dataset, subjectKeys, snapshotId, batchMs };
    this.id = simulationId(topics, name);
    this.plan = contentHash(this.replayed);
  }

  async run(): Promise<SimulationResult> {
    for (;;) {
      try {
        return await this.result(await this.sendRest());
      } catch (error) {
        await this.bear(error);
      }
    }
  }

  private async result({ cursor, lastOffsets }: Sent): Promise<SimulationResult> {
    const devices = (await this.deps.source.devices(this.replayed)).length;
    return { batches: cursor.batches, samples: cursor.samples, devices, lastOffsets };
  }

  private async fetchSent(): Promise<Sent> {
    const { samples } = this.options.topics;
    return sentOf(await this.deps.broker.committed(this.id, samples), this.plan);
  }

  /** A simulation that is continued replays the snapshot that it began with. */
  private async pinned({ cursor, lastOffsets }: Sent): Promise<Sent> {
    const { source } = this.deps;
    const { dataset, snapshotId: asked } = this.options;
    const snapshotId = asked ?? cursor.snapshotId ?? (await source.currentSnapshot?.(dataset));
    this.replayed = { ...this.replayed, snapshotId };
    return { cursor: { ...cursor, snapshotId }, lastOffsets };
  }

  private async bear(error: unknown): Promise<void> {
    const { signal, failuresAllowed = FAILURES_ALLOWED } = this.options;
    this.failures += 1;
    const isPassing = isWatchlakeError(error) && error.code === 'BROKER_UNAVAILABLE';
    if (!isPassing || this.failures > failuresAllowed) throw error;
    this.deps.log.warn('the simulation was interrupted, trying again', { detail: error.message });
    await sleep(FAILURE_WAIT_MS, undefined, { signal });
  }

  /** Opening the id fences a former run of this name; then the broker tells what has been sent. */
  private async sendRest(): Promise<Sent> {
    const producer = await this.deps.broker.openTransactional(this.id);
    try {
      let sent = await this.pinned(await this.fetchSent());
      const of = await this.deps.source.size(this.replayed);
      this.report(sent, of);
      const { replayed = sent.cursor.batches } = sent.cursor;
      for await (const group of this.groupsFrom(replayed)) {
        this.options.signal?.throwIfAborted();
        sent = await this.send(producer, sent, group);
        this.failures = 0;
        this.report(sent, of);
      }
      return sent;
    } finally {
      await producer.close().catch(() => undefined);
    }
  }

  private report({ cursor: { batches, samples } }: Sent, of: number): void {
    this.options.onProgress?.({ batches, samples, of });
  }

  /** What is due at the same time, at most a transaction's worth. */
  private async *groupsFrom(skipped: number): AsyncGenerator<Group> {
    const { speed, signal, messagesPerTransaction = MESSAGES_PER_TRANSACTION } = this.options;
    const { isWithdrawn = () => false } = this.options;
    const startedMs = performance.now();
    let firstMs: number | undefined;
    let index = 0;
    let batches: ReplayedBatch[] = [];
    let replayed = skipped;
    for await (const batch of replay(this.deps.source, this.replayed, signal)) {
      index += 1;
      // Counted nevertheless: a run that goes on finds its place, whoever was put on the list meanwhile.
      if (index <= skipped || isWithdrawn(batch.batch.subjectKey)) continue;
      firstMs ??= batch.elapsedMs;
      const dueMs = speed > 0 ? startedMs + (batch.elapsedMs - firstMs) / speed : 0;
      const isDue = dueMs <= performance.now();
      if (batches.length > 0 && (!isDue || batches.length >= messagesPerTransaction)) {
        yield { batches, replayed };
        batches = [];
      }
      await waitUntil(dueMs, signal);
      batches.push(batch);
      replayed = index;
    }
    if (batches.length > 0) yield { batches, replayed };
  }

  private message({ batch }: ReplayedBatch, sequence: number): OutgoingMessage {
    const headers = {
      [SCHEMA_HEADER]: SAMPLE_BATCH_SCHEMA,
      simulation: this.options.name,
      sequence: String(sequence),
    };
    return { key: batch.device, value: encodeSampleBatch(batch), headers };
  }

  private async send(producer: TransactionalProducer, before: Sent, group: Group): Promise<Sent> {
    const topic = this.options.topics.samples;
    const { batches, samples: samplesBefore } = before.cursor;
    const samples = group.batches.reduce(
      (sum, { batch }) => sum + batch.span.timestampsMs.length,
      0,
    );
    const cursor: Cursor = {
      ...before.cursor,
      batches: batches + group.batches.length,
      samples: samplesBefore + samples,
      replayed: group.replayed,
    };
    const messages = group.batches.map((batch, index) => this.message(batch, batches + index));
    const metadata = JSON.stringify(cursor);
    const lastOffsets = { ...before.lastOffsets };
    await producer.commit([{ topic, messages }], (last) =>
      Object.entries(last.get(topic) ?? {}).map(([partition, offset]) => {
        lastOffsets[partition] = String(offset);
        const place = { partition: Number(partition), offset: offset + 1 };
        return { group: this.id, topic, metadata, ...place };
      }),
    );
    return { cursor, lastOffsets };
  }
}

/**
 * Safe to repeat at any point: a run that was killed is fenced and continued after its last
 * transaction. Throws PRODUCER_FENCED when a newer run of the same name has taken over, and the
 * signal's reason when it aborts.
 */
export const simulateDevices = (
  deps: SimulationDeps,
  options: SimulationOptions,
): Promise<SimulationResult> => new Simulation(deps, options).run();
