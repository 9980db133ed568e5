/** Compares the servers of the ingest benchmark and writes the comparison down. */
import { median } from 'simple-statistics';
import { circumstances, type Circumstances } from './machine';
import { EVENT_BYTES, type LoadResult } from './ingest-server-load';

export const LEGS = {
  'without-kafka': 'Watchlake, the same route, with a broker that is none',
  ours: 'Watchlake',
  'ours-young': 'Watchlake, NODE_OPTIONS=--max-semi-space-size=64',
  'fastapi-batching': 'FastAPI, aiokafka gathering for 5 ms',
  'fastapi-flushing': 'FastAPI, aiokafka flushing for each request',
  'ours-ndjson': 'Watchlake, NDJSON by 100',
} as const;

export type LegName = keyof typeof LEGS;

export const GOALS = { shareOfRoute: 0.5, timesFastApi: 3, timesSingle: 4 };

export interface IngestBench extends Circumstances {
  readonly formatVersion: 1;
  readonly versions: Readonly<Record<string, string>>;
  readonly load: { readonly connections: number; readonly seconds: number };
  readonly legs: Readonly<Record<LegName, readonly LoadResult[]>>;
  readonly results: Readonly<Record<keyof typeof GOALS, number>>;
  readonly goals: Readonly<Record<keyof typeof GOALS, { goal: number; reached: boolean }>>;
}

type Facts = Pick<IngestBench, 'versions' | 'load' | 'legs'>;
type Figure = keyof LoadResult;

const middle = (runs: readonly LoadResult[], figure: Figure): number =>
  median(runs.map((run) => run[figure]));

export function compareLegs(facts: Facts): IngestBench {
  const { legs } = facts;
  const rate = (leg: LegName) => middle(legs[leg], 'eventsPerSecond');
  const fastApi = Math.max(rate('fastapi-batching'), rate('fastapi-flushing'));
  const results = {
    shareOfRoute: rate('ours') / rate('without-kafka'),
    timesFastApi: rate('ours') / fastApi,
    timesSingle: rate('ours-ndjson') / rate('ours'),
  };
  const goal = (name: keyof typeof GOALS) => ({
    goal: GOALS[name],
    reached: results[name] >= GOALS[name],
  });
  return {
    formatVersion: 1,
    ...circumstances(),
    ...facts,
    results,
    goals: {
      shareOfRoute: goal('shareOfRoute'),
      timesFastApi: goal('timesFastApi'),
      timesSingle: goal('timesSingle'),
    },
  };
}

const whole = (value: number): string => Math.round(value).toLocaleString('en');

function legLine([name, runs]: [string, readonly LoadResult[]]): string {
  const each = runs.map(({ requestsPerSecond }) => whole(requestsPerSecond)).join(', ');
  const [requests, events] = [middle(runs, 'requestsPerSecond'), middle(runs, 'eventsPerSecond')];
  const cpu = middle(runs, 'serverCpuMicroseconds').toFixed(0);
  const generator = middle(runs, 'generatorCpuShare').toFixed(2);
  return `| ${LEGS[name as LegName]} | ${whole(requests)} | ${whole(events)} | ${middle(runs, 'medianMs')} | ${middle(runs, 'p99Ms')} | ${each} | ${cpu} | ${generator} |`;
}

const TITLES: Record<keyof typeof GOALS, string> = {
  shareOfRoute: 'share of the same route without Kafka',
  timesFastApi: 'times the better FastAPI',
  timesSingle: 'NDJSON by 100, times the events one by one',
};

export function toMarkdown(bench: IngestBench): string {
  const { machine, versions, legs, load, results, goals } = bench;
  const used = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const goalLines = Object.entries(goals).map(([name, { goal, reached }]) => {
    const measured = results[name as keyof typeof GOALS].toFixed(2);
    const title = TITLES[name as keyof typeof GOALS];
    return `| ${title} | ${measured} | ${goal} | ${reached ? 'reached' : 'missed'} |`;
  });
  return `# Ingest server benchmark

Events of ${EVENT_BYTES} bytes over ${load.connections} connections, each event another one, answered after the broker's acknowledgement: acks=all, idempotent, 4 partitions. One process takes the
requests; load generator, server and broker share the machine. Medians over ${legs.ours.length} rounds of ${load.seconds} seconds, the servers in turn; each round's topic was counted: it held
every event that was answered as stored.

| | requests/s | events/s | median, ms | p99, ms | requests/s of each round | server's CPU for an event, µs | CPU of the load generator |
|---|---|---|---|---|---|---|---|
${Object.entries(legs).map(legLine).join('\n')}

| | measured | goal | |
|---|---|---|---|
${goalLines.join('\n')}

Watchlake validates, recognises duplicates over a day and a restart, and keeps a device's order through failures, also without a broker; FastAPI validates and stores. At a CPU share near 1 the load
generator was the limit, not the server.

${bench.date}, ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB; ${used.join(', ')}. Run it again with \`npm run bench:ingest-server\`.
`;
}
