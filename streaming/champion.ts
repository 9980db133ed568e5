/** Holds the champion that the predictor uses, and replaces it without a break. */
import { setTimeout as sleep } from 'node:timers/promises';
import { isWatchlakeError, WatchlakeError } from '../core/errors';
import type { Champion } from './classify';
import { confirmVersion, followControl } from './control';
import { endsOf, type Broker, type Offsets, type StreamLog } from './ports';
import type { TopicNames } from './topics';

export interface ChampionDeps {
  readonly broker: Broker;
  readonly log: StreamLog;
  /** The model's present champion; throws NO_CHAMPION when there is none. */
  readonly loadChampion: (model: string) => Promise<Champion>;
}

interface Held extends Champion {
  uses: number;
  /** Called when a retired champion is no longer in use. */
  onIdle?: () => void;
}

const RETRY_MS = 1000;

export class ChampionHolder {
  private readonly deps: ChampionDeps;
  private readonly topics: TopicNames;
  private readonly model: string;
  private held: Held;
  private followFrom: Offsets;

  private constructor(
    deps: ChampionDeps,
    { model, topics }: { model: string; topics: TopicNames },
    first: Champion,
    followFrom: Offsets,
  ) {
    this.deps = deps;
    this.model = model;
    this.topics = topics;
    this.held = { ...first, uses: 0 };
    this.followFrom = followFrom;
  }

  static async open(deps: ChampionDeps, options: { model: string; topics: TopicNames }) {
    // Taken before the champion is loaded, so that no announcement falls between the two.
    const followFrom = endsOf(await deps.broker.bounds(options.topics.control));
    const first = await deps.loadChampion(options.model);
    try {
      await confirmVersion(deps.broker, options.topics, { ...options, version: first.version });
    } catch (error) {
      // Whoever tries again loads another one.
      first.classifier.dispose();
      throw error;
    }
    return new ChampionHolder(deps, options, first, followFrom);
  }

  get version(): string {
    return this.held.version;
  }

  get schema() {
    return this.held.classifier.artefact.schema;
  }

  /** Runs the task with the present champion, which is kept until the task has ended. */
  async use<T>(task: (champion: Champion) => Promise<T>): Promise<T> {
    const held = this.held;
    held.uses += 1;
    try {
      return await task(held);
    } finally {
      held.uses -= 1;
      if (held.uses === 0) held.onIdle?.();
    }
  }

  /** Takes each announced champion until the signal aborts; survives a broker that goes away. */
  async follow(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.followOnce(signal);
      } catch (error) {
        if (!isWatchlakeError(error) || !error.retryable) throw error;
        this.deps.log.warn('the control topic cannot be read, trying again', {
          detail: error.message,
        });
        await sleep(RETRY_MS, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  dispose(): void {
    this.held.classifier.dispose();
  }

  private async followOnce(signal: AbortSignal): Promise<void> {
    const { model, followFrom: from } = this;
    const messages = followControl(this.deps.broker, this.topics, { model, from, signal });
    for await (const { kind, version, next } of messages) {
      if (kind === 'announced') await this.take(version);
      this.followFrom = { 0: next };
    }
  }

  private async take(announced: string): Promise<void> {
    const { broker, loadChampion, log } = this.deps;
    if (announced !== this.held.version) {
      // The registry decides: the announcement may be older than the present champion.
      const champion = await loadChampion(this.model);
      if (champion.version === this.held.version) champion.classifier.dispose();
      else await this.replaceBy(champion);
    }
    await confirmVersion(broker, this.topics, { model: this.model, version: this.held.version });
    log.info('champion in use', { model: this.model, version: this.held.version });
  }

  private async replaceBy(champion: Champion): Promise<void> {
    const { hash } = champion.classifier.artefact.schema;
    if (hash !== this.schema.hash) {
      champion.classifier.dispose();
      throw new WatchlakeError('FEATURE_SCHEMA_DIFFERS', {
        expected: hash,
        found: this.schema.hash,
      });
    }
    const retired = this.held;
    this.held = { ...champion, uses: 0 };
    if (retired.uses > 0) await new Promise<void>((resolve) => (retired.onIdle = resolve));
    retired.classifier.dispose();
  }
}
