/** Whether a topic is still the one that was read: a topic that was deleted and made anew counts its offsets from 0 again. */
import { fingerprintOf } from '../core/message-fingerprint';
import type { Broker, PartitionBounds } from './ports';

/** By partition, the last message that was read. */
export type LastRead = Readonly<
  Record<number, { readonly offset: number; readonly fingerprint: string }>
>;

/** Partitions in which another message, or none, lies where the last one was read. What the broker has removed tells nothing. */
export async function madeAnew(
  broker: Pick<Broker, 'read'>,
  topic: string,
  { bounds, lastRead }: { bounds: ReadonlyMap<number, PartitionBounds>; lastRead: LastRead },
): Promise<Set<number>> {
  const asked = Object.entries(lastRead).flatMap(([name, { offset, fingerprint }]) => {
    const partition = Number(name);
    const { start, end } = bounds.get(partition) ?? { start: 0, end: 0 };
    return start <= offset && offset < end ? [{ partition, offset, fingerprint }] : [];
  });
  const others = new Set(asked.map(({ partition }) => partition));
  if (asked.length === 0) return others;
  const from = Object.fromEntries(asked.map(({ partition, offset }) => [partition, offset]));
  const to = Object.fromEntries(asked.map(({ partition, offset }) => [partition, offset + 1]));
  for await (const batch of broker.read({ topic, from, to })) {
    for (const message of batch) {
      const { offset, fingerprint } = lastRead[message.partition] ?? {};
      const isSame = message.offset === offset && fingerprintOf(message) === fingerprint;
      if (isSame) others.delete(message.partition);
    }
  }
  return others;
}
