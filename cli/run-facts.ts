/** The facts of a run as its progress line shows them: its own, and what the steps under way say. */
import { wordedFacts, type Fact, type Facts } from '../core/facts';

/** `120 rows, 2 of 5 batches, dataset trial`: what moves comes first, for the end of a line may be cut. */
export function factsLine(facts: Facts): string {
  const worded = wordedFacts(facts);
  const inOrder = [
    ...worded.filter((each) => each.isCount),
    ...worded.filter((each) => !each.isCount),
  ];
  return inOrder.map(({ text }) => text).join(', ');
}

/** What steps under way say with their last heartbeats. */
export interface Said {
  /** Of the only one; several would contradict each other. */
  readonly work: Record<string, Fact>;
  /** What all of them add to the run's own counts. */
  readonly underWay: Record<string, number>;
}

const isFact = (value: unknown): value is Fact => value === null || typeof value !== 'object';

const entriesOf = (details: unknown): [string, unknown][] => Object.entries(details ?? {});

const factsOf = (details: unknown): Record<string, Fact> =>
  Object.fromEntries(
    entriesOf(details).filter((entry): entry is [string, Fact] => isFact(entry[1])),
  );

export function saidBy(heartbeats: readonly unknown[]): Said {
  const underWay: Record<string, number> = {};
  for (const details of heartbeats) {
    for (const [name, value] of entriesOf((details as { underWay?: object } | null)?.underWay)) {
      if (typeof value === 'number') underWay[name] = (underWay[name] ?? 0) + value;
    }
  }
  const [only, ...others] = heartbeats;
  return { work: others.length > 0 ? {} : factsOf(only), underWay };
}

/** Adds what is under way to a run's counts; they do not fall when a step ends between two looks. */
export class GrowingCounts {
  private readonly shown = new Map<string, Record<string, number>>();

  with(workflowId: string, facts: Facts, underWay: Said['underWay']): Facts {
    const known = this.shown.get(workflowId) ?? {};
    const sums: Record<string, Fact> = { ...facts };
    for (const name of new Set([...Object.keys(known), ...Object.keys(underWay)])) {
      const own = typeof facts[name] === 'number' ? facts[name] : 0;
      sums[name] = known[name] = Math.max(known[name] ?? 0, own + (underWay[name] ?? 0));
    }
    this.shown.set(workflowId, known);
    return sums;
  }
}
