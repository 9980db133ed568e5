/** What the server counts, for Prometheus. */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Outbox } from './outbox';
import { isRejected, type Outcome } from './reception';

export interface IngestMetrics {
  readonly registry: Registry;
  countOutcomes(outcomes: readonly Outcome[]): void;
  countRequest(status: number, seconds: number): void;
  /** A request that failed as a whole, by the code of its answer. */
  countRefusal(code: string): void;
  countStored(records: number, milliseconds: number): void;
}

const SECONDS = [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30];
const RECORDS = [1, 3, 10, 30, 100, 300, 1000, 3000, 10_000];

function addQueueGauges(registry: Registry, outboxes: Readonly<Record<string, Outbox>>): void {
  const gauge = (name: string, help: string, value: (outbox: Outbox) => number) =>
    new Gauge({
      ...{ name, help, labelNames: ['topic'], registers: [registry] },
      collect() {
        for (const [topic, outbox] of Object.entries(outboxes)) this.set({ topic }, value(outbox));
      },
    });
  gauge('ingest_queued_records', 'Records that wait for the broker.', (o) => o.queued.records);
  gauge('ingest_queued_bytes', 'Bytes that wait for the broker.', (o) => o.queued.bytes);
}

export function createMetrics(outboxes: Readonly<Record<string, Outbox>>): IngestMetrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry, prefix: 'ingest_' });
  const records = new Counter({
    name: 'ingest_records_total',
    help: 'Records by what became of them; nothing is counted of a request that failed.',
    ...{ labelNames: ['status'], registers },
  });
  const rejections = new Counter({
    name: 'ingest_rejections_total',
    help: 'Rejected records by their reason.',
    ...{ labelNames: ['code'], registers },
  });
  const refusals = new Counter({
    name: 'ingest_refused_requests_total',
    help: 'Requests to /stream that were refused as a whole, by the code of the answer.',
    ...{ labelNames: ['code'], registers },
  });
  const requests = new Histogram({
    name: 'ingest_request_seconds',
    help: 'Requests to /stream, from their arrival to the answer.',
    ...{ labelNames: ['status'], buckets: SECONDS, registers },
  });
  const acknowledged = new Histogram({
    name: 'ingest_acknowledge_seconds',
    help: 'From the sending of a batch to the acknowledgement of the broker.',
    ...{ buckets: SECONDS, registers },
  });
  const batches = new Histogram({
    name: 'ingest_batch_records',
    help: 'Records that were sent to the broker together.',
    ...{ buckets: RECORDS, registers },
  });
  addQueueGauges(registry, outboxes);
  // Found once: to look a label up costs more than to count.
  const counters = {
    accepted: records.labels('accepted'),
    duplicate: records.labels('duplicate'),
    rejected: records.labels('rejected'),
  };
  const durations = new Map<number, Histogram.Internal<'status'>>();
  const durationOf = (status: number) => {
    const known = durations.get(status);
    if (known) return known;
    const found = requests.labels(String(status));
    durations.set(status, found);
    return found;
  };
  return {
    registry,
    countOutcomes(outcomes) {
      const counts = { accepted: 0, duplicate: 0, rejected: 0 };
      for (const outcome of outcomes) {
        counts[outcome.status] += 1;
        if (isRejected(outcome)) rejections.inc({ code: outcome.code });
      }
      counters.accepted.inc(counts.accepted);
      counters.duplicate.inc(counts.duplicate);
      counters.rejected.inc(counts.rejected);
    },
    countRefusal: (code) => refusals.inc({ code }),
    countRequest: (status, seconds) => durationOf(status).observe(seconds),
    countStored(count, milliseconds) {
      batches.observe(count);
      acknowledged.observe(milliseconds / 1000);
    },
  };
}
