/** What workers count of their own work; Prometheus gets it beside the SDK's metrics. */
import { presentContext } from './alive';

/** By the name in code: the metric, which Prometheus shows with `_total`, and what it counts. */
export const COUNTERS = {
  landedRows: ['watchlake_landed_rows', 'Rows of sources, and events of devices, that have landed'],
  tableRows: ['watchlake_table_rows', 'Rows of the input of a table, by what became of them'],
  sentSamples: ['watchlake_sent_samples', 'Samples that simulations have sent'],
  predictedWindows: ['watchlake_predicted_windows', 'Windows that were classified'],
  lateSamples: ['watchlake_late_samples', 'Samples that came too late for their window'],
  deadLetters: ['watchlake_dead_letters', 'Batches that could not be read'],
  tooLongSignals: [
    'watchlake_too_long_signals',
    'Windows of which nobody is asked, as their signal is too long for a message',
  ],
  decisions: ['watchlake_decisions', 'Challengers that were judged, by the outcome'],
} as const;

/**
 * Adds to a counter, in an activity alone. A retried activity may count twice what it did twice:
 * tables and topics hold the exact figures.
 */
export function count(
  name: keyof typeof COUNTERS,
  value: number,
  tags: Readonly<Record<string, string>>,
): void {
  const context = presentContext();
  if (context === null || value <= 0) return;
  const [metric, description] = COUNTERS[name];
  context.metricMeter.createCounter(metric, '', description).add(value, tags);
}

interface Fates {
  readonly dataset: string;
  readonly table: string;
  readonly usedRows: number;
  /** Rows by reason. */
  readonly quarantined: Readonly<Record<string, number>>;
  readonly dropped: Readonly<Record<string, number>>;
}

/** What became of the rows that a table was given. */
export function countFates({ dataset, table, usedRows, quarantined, dropped }: Fates): void {
  const fates = { used: { '': usedRows }, quarantined, dropped };
  for (const [fate, byReason] of Object.entries(fates)) {
    for (const [reason, rows] of Object.entries(byReason)) {
      count('tableRows', rows, { dataset, table, fate, reason });
    }
  }
}

type Totals = Partial<Record<keyof typeof COUNTERS, number>>;

/** For totals that only grow: adds what has come since the call before, at first since `from`. */
export function growing(
  tags: Readonly<Record<string, string>>,
  from: Totals = {},
): (totals: Totals) => void {
  let before = from;
  return (totals) => {
    for (const [name, total] of Object.entries(totals) as [keyof typeof COUNTERS, number][]) {
      count(name, total - (before[name] ?? 0), tags);
    }
    before = { ...before, ...totals };
  };
}
