/** Compares the legs of the STEDI bench and writes the comparison down. */
import { median } from 'simple-statistics';
import { circumstances } from './machine';

export interface LegRuns {
  readonly replicas: number;
  /** Of each run. */
  readonly seconds: readonly number[];
  /** Of all processes: on a busy machine the clock alone says little. */
  readonly cpuSeconds: readonly number[];
  /** Largest resident memory of the process and its children, of each run. */
  readonly peakBytes: readonly number[];
  /** Seconds by step, of the last run. */
  readonly steps: Readonly<Record<string, number>>;
}

export interface StediBench {
  readonly formatVersion: 1;
  readonly date: string;
  readonly machine: { readonly cpu: string; readonly cores: number; readonly memoryGiB: number };
  readonly versions: Readonly<Record<string, string>>;
  readonly input: { readonly origin: string; readonly bytes: number; readonly rows: number };
  readonly legs: Readonly<Record<string, LegRuns>>;
  readonly results: {
    readonly seconds: number;
    readonly peakBytes: number;
    readonly timesBare: number;
    /** Of Spark, at its own size, against ours scaled to it. */
    readonly sparkTimes: number | null;
  };
  readonly goals: Readonly<Record<keyof typeof GOALS, { goal: number; reached: boolean | null }>>;
}

export const GOALS = { seconds: 60, peakBytes: 1.5 * 2 ** 30, timesBare: 1.3, sparkTimes: 5 };

export function compareLegs(
  legs: Readonly<Record<string, LegRuns>>,
  facts: Pick<StediBench, 'versions' | 'input'>,
): StediBench {
  const { ours, 'bare-duckdb': bare, 'bare-spark': spark } = legs;
  if (!ours || !bare) throw new Error('both legs of DuckDB are needed');
  const seconds = median([...ours.seconds]);
  const share = spark ? spark.replicas / ours.replicas : 1;
  const results = {
    seconds,
    peakBytes: Math.max(...ours.peakBytes),
    timesBare: seconds / median([...bare.seconds]),
    sparkTimes: spark ? median([...spark.seconds]) / (seconds * share) : null,
  };
  const most = (name: 'seconds' | 'peakBytes' | 'timesBare') => ({
    goal: GOALS[name],
    reached: results[name] <= GOALS[name],
  });
  return {
    formatVersion: 1,
    ...circumstances(),
    ...facts,
    legs,
    results,
    goals: {
      seconds: most('seconds'),
      peakBytes: most('peakBytes'),
      timesBare: most('timesBare'),
      sparkTimes: {
        goal: GOALS.sparkTimes,
        reached: results.sparkTimes === null ? null : results.sparkTimes >= GOALS.sparkTimes,
      },
    },
  };
}

const gib = (bytes: number): string => (bytes / 2 ** 30).toFixed(2);
const listed = (values: readonly number[]): string => values.map((v) => v.toFixed(1)).join(', ');

const TITLES: Record<string, string> = {
  ours: 'Watchlake, DuckDB: landing, tables, checks, publishing',
  'bare-duckdb': 'the same SQL bare in DuckDB: landing and tables',
  'bare-spark': 'the same SQL on Spark local[2]: landing and tables',
};

function goalLine(name: string, value: string, { goal, reached }: StediBench['goals']['seconds']) {
  const outcome = reached === null ? 'not measured' : reached ? 'reached' : 'missed';
  return `| ${name} | ${value} | ${goal} | ${outcome} |`;
}

export function toMarkdown(bench: StediBench): string {
  const { machine, versions, input, legs, results, goals } = bench;
  const used = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const rows = Object.entries(legs).map(([name, { replicas, seconds, cpuSeconds, peakBytes }]) => {
    const memory = gib(Math.max(...peakBytes));
    return `| ${TITLES[name] ?? name} | ${replicas} | ${median([...seconds]).toFixed(1)} | ${listed(seconds)} | ${median([...cpuSeconds]).toFixed(1)} | ${memory} |`;
  });
  const steps = Object.entries(legs['ours']?.steps ?? {});
  const inGib = { goal: GOALS.peakBytes / 2 ** 30, reached: goals.peakBytes.reached };
  return `# STEDI benchmark

Input: ${input.origin}, ${input.rows.toLocaleString('en')} lines of JSON in ${gib(input.bytes)} GiB. Each leg ran in a process of its own,
which began with reading the JSON and ended when the tables' Parquet was written; the row counts of all tables were compared.

| | times the public data | seconds (median) | each run | of CPU | peak memory, GiB |
|---|---|---|---|---|---|
${rows.join('\n')}

| | measured | goal | |
|---|---|---|---|
${goalLine('seconds', results.seconds.toFixed(1), goals.seconds)}
${goalLine('peak memory, GiB', gib(results.peakBytes), inGib)}
${goalLine('times the bare SQL', results.timesBare.toFixed(2), goals.timesBare)}
${goalLine('times faster than Spark', results.sparkTimes?.toFixed(1) ?? '–', goals.sparkTimes)}

Watchlake's seconds by step, in the last run: ${steps.map(([name, value]) => `${name} ${value.toFixed(1)}`).join(', ')}.

${bench.date}, ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB; ${used.join(', ')}.
Memory is the largest sum of resident memory of a leg's process and its children, looked at ten times a second.
Run it again with \`npm run bench:stedi\`.
`;
}
