/**
 * The answers to requests that came with an Idempotency-Key, on disk: the same key gets the same answer.
 *
 * There are two generations. When the current one is a day old or full, the one before is cleared and becomes the current;
 * so an answer is kept for a day, or until so many others came. The events themselves are known beyond that by their own ids.
 */
import { hash } from 'node:crypto';
import { open, type Database, type RootDatabase } from 'lmdb';

export interface Answer {
  readonly status: number;
  /** JSON. */
  readonly body: string;
}

interface Kept extends Answer {
  /** Of the body that was answered: another one under the same key is a mistake. */
  readonly fingerprint: string;
}

interface State {
  readonly current: number;
  readonly startedMs: number;
  readonly characters: number;
}

export interface AnswersOptions {
  readonly folder: string;
  readonly keepMs?: number;
  /** Of all bodies of a generation. */
  readonly characters?: number;
  readonly now?: () => number;
}

const DAY_MS = 24 * 60 * 60_000;
const STATE = 'state';
const OVERHEAD = 200;

/** Keys of different senders do not meet. */
const keyOf = (sender: string, key: string): string =>
  hash('sha256', JSON.stringify([sender, key])).slice(0, 32);

export const fingerprintOf = (body: Buffer): string => hash('sha256', body).slice(0, 32);

export class KeptAnswers {
  private readonly root: RootDatabase;
  private readonly generations: readonly Database<Kept, string>[];
  private readonly keepMs: number;
  private readonly limit: number;
  private readonly now: () => number;
  private state: State;

  constructor(options: AnswersOptions) {
    this.keepMs = options.keepMs ?? DAY_MS;
    this.limit = options.characters ?? 2 ** 28;
    this.now = options.now ?? Date.now;
    this.root = open({ path: options.folder, maxDbs: 4, compression: true });
    this.generations = ['even', 'odd'].map((name) => this.root.openDB({ name }));
    this.state = (this.root.get(STATE) as State | undefined) ?? this.fresh(0);
  }

  /** Undefined when the key is new; null when it was used for another body. */
  find(sender: string, key: string, fingerprint: string): Answer | null | undefined {
    const name = keyOf(sender, key);
    const kept = this.generations[0]?.get(name) ?? this.generations[1]?.get(name);
    if (kept === undefined) return undefined;
    return kept.fingerprint === fingerprint ? { status: kept.status, body: kept.body } : null;
  }

  /** Resolves when it is written. */
  async keep(sender: string, key: string, answer: Kept): Promise<void> {
    const { startedMs, characters, current } = this.state;
    // A clock that was far ahead and is set right has not measured any time.
    const isOver = Math.abs(this.now() - startedMs) >= this.keepMs;
    if (isOver || characters >= this.limit) await this.turn(1 - current);
    const length = answer.body.length + OVERHEAD;
    this.state = { ...this.state, characters: this.state.characters + length };
    void this.root.put(STATE, this.state);
    await this.generations[this.state.current]?.put(keyOf(sender, key), answer);
  }

  async forgetAll(): Promise<void> {
    this.state = this.fresh(this.state.current);
    await Promise.all(this.generations.map((generation) => generation.clearAsync()));
  }

  async close(): Promise<void> {
    await this.root.flushed;
    await this.root.close();
  }

  private fresh(current: number): State {
    return { current, startedMs: this.now(), characters: 0 };
  }

  private async turn(current: number): Promise<void> {
    // Before the wait: those that come meanwhile belong to the new generation.
    this.state = this.fresh(current);
    await this.generations[current]?.clearAsync();
  }
}
