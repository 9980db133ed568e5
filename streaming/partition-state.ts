/** What the predictor knows of one input partition: open windows and how far it has emitted. */
import { isWatchlakeError } from '../core/errors';
import { classify, type Champion, type ClassifyOptions } from './classify';
import { MESSAGE_BYTES, sizeOf } from './kafka-producer';
import { letterOf } from './letter';
import type { LastOffsets, OutgoingMessage, ReceivedMessage, TopicMessages } from './ports';
import { encodePrediction, type Prediction } from './prediction';
import { addCounters, NOTHING_COUNTED, type Counters, type Progress } from './progress';
import {
  checkChannels,
  decodeSampleBatch,
  encodeSampleBatch,
  SAMPLE_BATCH_SCHEMA,
  SCHEMA_HEADER,
  type SampleBatch,
} from './sample-batch';
import type { TopicNames } from './topics';
import { Windower, type ClosedWindow, type WindowerOptions } from './windower';

export interface PartitionOptions extends ClassifyOptions, WindowerOptions {
  readonly topics: TopicNames;
}

/** What a stretch of messages led to; `output` is empty while the state is being rebuilt. */
export interface Step {
  readonly output: readonly TopicMessages[];
  readonly counted: Counters;
  /** Nothing of it has to be committed: every message lay before `next`. */
  readonly isRebuild: boolean;
}

/** Partitions whose ends are committed with the place: beside it a broker takes 4,096 bytes. */
const MOST_WRITTEN = 150;

interface Collected {
  readonly windows: ClosedWindow[];
  readonly late: OutgoingMessage[];
  readonly dead: OutgoingMessage[];
  counted: Counters;
}

const origin = (topics: TopicNames, { partition, offset }: ReceivedMessage) => ({
  'origin-topic': topics.samples,
  'origin-partition': String(partition),
  'origin-offset': String(offset),
});

const messageOf = (prediction: Prediction): OutgoingMessage => ({
  key: prediction.device,
  value: encodePrediction(prediction),
});

/** Nobody can label a window without its signal: where that is longer than a message, nobody is asked. */
function encodeAll(predictions: readonly Prediction[]) {
  let tooLong = 0;
  const messages = predictions.map((prediction) => {
    const message = messageOf(prediction);
    if (sizeOf(message) <= MESSAGE_BYTES) return message;
    tooLong += 1;
    return messageOf({ ...prediction, candidate: null, signal: undefined, features: undefined });
  });
  return { messages, tooLong };
}

export class PartitionState {
  private readonly options: PartitionOptions;
  private readonly windower: Windower;
  private readonly emitFrom: number;
  private position: number;
  private committed: Progress;

  /** Reading starts at `from`; what lies before `committed.next` has been emitted already. */
  constructor(options: PartitionOptions, from: number, committed: Progress) {
    this.options = options;
    this.windower = new Windower(options);
    this.position = from;
    this.emitFrom = committed.next;
    this.committed = committed;
  }

  /** Messages before this offset are known already. */
  get nextOffset(): number {
    return this.position;
  }

  get progress(): Progress {
    return this.committed;
  }

  /** What to commit with a step's output: where a restart has to read from, and how far we are. */
  checkpoint(step: Step, last: LastOffsets): { rereadFrom: number; progress: Progress } {
    const now = last.get(this.options.topics.predictions) ?? {};
    const fresh = Object.entries(now).map(
      ([partition, offset]) => [partition, offset + 1] as const,
    );
    const before = Object.entries(this.committed.written).filter(
      ([partition]) => now[Number(partition)] === undefined,
    );
    // Those of this transaction first: what it has written may not show yet.
    const written = Object.fromEntries([...fresh, ...before].slice(0, MOST_WRITTEN));
    const counters = addCounters(this.committed, step.counted);
    this.committed = { next: this.position, ...counters, written };
    return { rereadFrom: this.windower.neededFrom ?? this.position, progress: this.committed };
  }

  /** Takes messages with growing offsets. After an error the state is void. */
  async step(messages: readonly ReceivedMessage[], champion: Champion): Promise<Step> {
    const collected: Collected = { windows: [], late: [], dead: [], counted: NOTHING_COUNTED };
    for (const message of messages) this.take(message, collected, champion);
    const predictions = await classify(collected.windows, champion, this.options);
    const { topics } = this.options;
    const { messages: encoded, tooLong } = encodeAll(predictions);
    return {
      isRebuild: this.position <= this.emitFrom,
      counted: addCounters(collected.counted, { ...NOTHING_COUNTED, tooLong }),
      output: [
        { topic: topics.predictions, messages: encoded },
        { topic: topics.late, messages: collected.late },
        { topic: topics.deadLetter, messages: collected.dead },
      ],
    };
  }

  private take(message: ReceivedMessage, collected: Collected, champion: Champion): void {
    const found: Collected = { windows: [], late: [], dead: [], counted: NOTHING_COUNTED };
    try {
      const { channels } = champion.classifier.artefact.schema.signal;
      const batch = decodeSampleBatch(message.value, message.headers[SCHEMA_HEADER]);
      this.takeBatch(message, batch, channels, found);
    } catch (error) {
      if (!isWatchlakeError(error) || error.code !== 'BATCH_UNREADABLE') throw error;
      found.windows.push(...this.windower.pass(message.offset));
      found.dead.push(this.deadLetter(message, error.context));
      found.counted = { ...found.counted, deadLettered: 1 };
    }
    this.position = message.offset + 1;
    if (message.offset < this.emitFrom) return;
    collected.windows.push(...found.windows);
    collected.late.push(...found.late);
    collected.dead.push(...found.dead);
    const counted = { ...found.counted, predicted: found.windows.length };
    collected.counted = addCounters(collected.counted, counted);
  }

  private takeBatch(
    message: ReceivedMessage,
    batch: SampleBatch,
    channels: readonly string[],
    found: Collected,
  ): void {
    if (batch.dataset !== this.options.dataset) {
      found.windows.push(...this.windower.pass(message.offset));
      found.counted = { ...found.counted, skipped: 1 };
      return;
    }
    checkChannels(batch, channels);
    const { windows, late } = this.windower.push({ ...batch, offset: message.offset });
    found.windows.push(...windows);
    if (!late) return;
    found.late.push({
      key: batch.device,
      value: encodeSampleBatch({ ...batch, span: late, last: false }),
      headers: {
        [SCHEMA_HEADER]: SAMPLE_BATCH_SCHEMA,
        reason: 'not-after-newest',
        ...origin(this.options.topics, message),
      },
    });
    found.counted = { ...found.counted, late: late.timestampsMs.length };
  }

  private deadLetter(message: ReceivedMessage, context: Readonly<Record<string, unknown>>) {
    return letterOf(message, {
      reason: String(context.reason),
      detail: String(context.detail),
      ...origin(this.options.topics, message),
    });
  }
}
