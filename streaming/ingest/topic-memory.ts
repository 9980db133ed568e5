/** Whether the topic is still the one that holds what the server remembers: what another one lacks is stored there anew. */
import { fingerprintOf } from '../../core/message-fingerprint';
import { madeAnew, type LastRead } from '../made-anew';
import type { Broker, LastSent, StreamLog } from '../ports';
import type { KeptAnswers } from './answers';
import type { RememberedEvents } from './remembered';

export interface TopicMemoryParts {
  readonly broker: Pick<Broker, 'bounds' | 'read'>;
  readonly topic: string;
  readonly remembered: Pick<RememberedEvents, 'place' | 'keepPlace' | 'forgetAll'>;
  readonly answers: Pick<KeptAnswers, 'forgetAll'>;
  readonly log: StreamLog;
}

const fingerprint = ({ message: { key, value, headers = {} } }: LastSent): string =>
  fingerprintOf({ key, value: value === null ? null : Buffer.from(value), headers });

export class TopicMemory {
  private readonly parts: TopicMemoryParts;
  private last: LastRead;
  private forgetting: Promise<void> = Promise.resolve();

  constructor(parts: TopicMemoryParts) {
    this.parts = parts;
    this.last = parts.remembered.place?.last ?? {};
  }

  /** Before the first request. A topic of another name, made anew, or on another cluster holds nothing of what is remembered. */
  async open(): Promise<void> {
    const { topic, remembered } = this.parts;
    const { place } = remembered;
    if (place === undefined) return;
    const isOther = place.topic !== topic || (await this.isShorter()) || (await this.differs());
    if (isOther) await this.forget();
  }

  /** A message that lies before an earlier one is of a topic that was made anew meanwhile. */
  note(sent: readonly LastSent[]): void {
    const isAnew = sent.some(({ partition, offset }) => offset <= this.offsetOf(partition));
    if (isAnew) this.forgetting = this.forget().catch(this.warn);
    const fresh = sent.map((each): [number, LastRead[number]] => [
      each.partition,
      { offset: each.offset, fingerprint: fingerprint(each) },
    ]);
    if (fresh.length === 0) return;
    this.last = { ...this.last, ...Object.fromEntries(fresh) };
    this.keep();
  }

  /** While nothing new is stored, only the topic's ends tell that it was made anew; a broker that is away tells nothing. */
  async look(): Promise<void> {
    try {
      if (await this.isShorter()) await (this.forgetting = this.forget());
    } catch (error) {
      this.warn(error);
    }
  }

  /** Resolves when all that is forgotten is. */
  settled(): Promise<void> {
    return this.forgetting;
  }

  private readonly warn = (error: unknown): void =>
    this.parts.log.warn('whether the topic is still the same is not known', {
      error: String(error),
    });

  private offsetOf(partition: number): number {
    return this.last[partition]?.offset ?? -1;
  }

  /** Whether the topic ends before a message that was stored there. */
  private async isShorter(): Promise<boolean> {
    // As it was before the broker is asked: meanwhile more is stored.
    const known = Object.entries(this.last);
    if (known.length === 0) return false;
    const bounds = await this.parts.broker.bounds(this.parts.topic);
    return known.some(([partition, { offset }]) => {
      const end = bounds.get(Number(partition))?.end ?? 0;
      return end <= offset;
    });
  }

  /** A server that may write to the topic, and not read it, goes by the ends alone. */
  private async differs(): Promise<boolean> {
    const { broker, topic } = this.parts;
    try {
      const bounds = await broker.bounds(topic);
      return (await madeAnew(broker, topic, { bounds, lastRead: this.last })).size > 0;
    } catch (error) {
      this.warn(error);
      return false;
    }
  }

  private async forget(): Promise<void> {
    const { topic, remembered, answers, log } = this.parts;
    log.warn('the topic is another one: what was stored before is forgotten', { topic });
    this.last = {};
    this.keep();
    await Promise.all([remembered.forgetAll(), answers.forgetAll()]);
  }

  private keep(): void {
    this.parts.remembered.keepPlace({ topic: this.parts.topic, last: this.last });
  }
}
