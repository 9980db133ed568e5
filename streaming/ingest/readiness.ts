/** Whether events can be stored now: asked of the broker itself, as a server that gets no events would not notice. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Broker } from '../ports';

export interface Readiness {
  readonly ready: boolean;
  readonly parts: Readonly<Record<string, string>>;
}

export interface ReadinessOptions {
  readonly broker: Pick<Broker, 'bounds'>;
  readonly topic: string;
  readonly isClosing: () => boolean;
  readonly timeoutMs?: number;
  /** How long an answer holds: whoever asks often does not burden the broker. */
  readonly holdMs?: number;
}

export function createReadiness(options: ReadinessOptions): () => Promise<Readiness> {
  const { broker, topic, isClosing, timeoutMs = 2000, holdMs = 1000 } = options;
  let asked: { readonly atMs: number; readonly kafka: Promise<string> } | undefined;
  const ask = (): Promise<string> => {
    const answered = broker.bounds(topic).then(
      () => 'ok',
      () => 'does not answer',
    );
    return Promise.race([answered, sleep(timeoutMs, 'does not answer', { ref: false })]);
  };
  return async () => {
    const nowMs = performance.now();
    if (asked === undefined || nowMs - asked.atMs > holdMs) asked = { atMs: nowMs, kafka: ask() };
    const kafka = await asked.kafka;
    const server = isClosing() ? 'stopping' : 'ok';
    return { ready: kafka === 'ok' && server === 'ok', parts: { kafka, server } };
  };
}
