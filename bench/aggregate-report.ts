/** Holds the aggregation bench's figures against their goals, and writes them down. */
import { median } from 'simple-statistics';
import { GRAINS, type Grain } from '../telemetry/aggregate';
import { circumstances, type Circumstances } from './machine';

export interface OneDay {
  /** To land the event: its date is written anew, the others are taken over. */
  readonly landSeconds: number;
  readonly files: number;
  readonly rows: number;
  readonly written: number;
  readonly periods: number;
  readonly seconds: number;
}

export interface AggregateFigures {
  readonly events: number;
  readonly people: number;
  readonly files: number;
  readonly versions: Readonly<Record<string, string>>;
  /** Of each run: seconds in the engine by grain. */
  readonly engine: readonly Readonly<Record<Grain, number>>[];
  /** Looking at every date of the year, once for all grains. */
  readonly lookSeconds: number;
  readonly rows: number;
  readonly eventsRead: number;
  /** Of each run, seconds. */
  readonly bare: readonly number[];
  readonly polars: readonly number[];
  readonly upsert: {
    readonly rows: number;
    readonly copyNew: readonly number[];
    readonly copyChanged: readonly number[];
    readonly valuesNew: readonly number[];
    readonly valuesChanged: readonly number[];
  };
  readonly oneDay: OneDay;
  /** Processes that wanted to run, of ours and of others, over a minute: soon after the begin, and at the end. */
  readonly load: readonly [number, number];
}

export const GOALS = { eventsPerSecond: 500_000, upsertRowsPerSecond: 70_000 };

export interface AggregateBench extends Circumstances, AggregateFigures {
  readonly formatVersion: 1;
  readonly results: {
    readonly eventsPerSecond: number;
    /** The slower of new rows and changed ones. */
    readonly upsertRowsPerSecond: number;
    readonly timesBare: number;
    readonly timesValues: number;
    readonly oneDayFiles: number;
  };
  readonly goals: Readonly<Record<string, { goal: number; reached: boolean }>>;
}

const sum = (seconds: Readonly<Record<Grain, number>>): number =>
  GRAINS.reduce((total, grain) => total + seconds[grain], 0);

const middle = (values: readonly number[]): number => median([...values]);

export function judge(figures: AggregateFigures): AggregateBench {
  const { upsert, engine, events, bare, oneDay } = figures;
  const engineSeconds = middle(engine.map(sum));
  const rate = (seconds: readonly number[]) => upsert.rows / middle(seconds);
  const upsertRowsPerSecond = Math.min(rate(upsert.copyNew), rate(upsert.copyChanged));
  const eventsPerSecond = events / engineSeconds;
  return {
    formatVersion: 1,
    ...circumstances(),
    ...figures,
    results: {
      eventsPerSecond,
      upsertRowsPerSecond,
      timesBare: engineSeconds / middle(bare),
      timesValues: middle(upsert.valuesChanged) / middle(upsert.copyChanged),
      oneDayFiles: oneDay.files,
    },
    goals: {
      eventsPerSecond: {
        goal: GOALS.eventsPerSecond,
        reached: eventsPerSecond >= GOALS.eventsPerSecond,
      },
      upsertRowsPerSecond: {
        goal: GOALS.upsertRowsPerSecond,
        reached: upsertRowsPerSecond >= GOALS.upsertRowsPerSecond,
      },
      // A local day of people in three time zones lies in two UTC dates.
      oneDayFiles: { goal: 2, reached: oneDay.files <= 2 && oneDay.periods === 1 },
    },
  };
}

const whole = (value: number): string => Math.round(value).toLocaleString('en');
const seconds = (values: readonly number[]): string => values.map((v) => v.toFixed(1)).join(', ');

export function toMarkdown(bench: AggregateBench): string {
  const { results, goals, upsert, oneDay, machine, versions } = bench;
  const used = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const engine = bench.engine.map(sum);
  const perSecond = (n: number, values: readonly number[]) => whole(n / middle(values));
  const goal = (name: string, value: string) => {
    const { goal: wanted, reached } = goals[name] ?? { goal: 0, reached: false };
    return `${value} | ${whole(wanted)} | ${reached ? 'reached' : 'missed'} |`;
  };
  return `# Aggregation benchmark

${whole(bench.events)} events of a year, of ${whole(bench.people)} people in three time zones, in ${bench.files} files; ${whole(bench.rows)} rows in the three tables.

## From events to three tables, in DuckDB

| | seconds of each run | events/s (median) |
|---|---|---|
| Watchlake: days from the files to CSV; weeks and months, written, from the stored days | ${seconds(engine)} | ${perSecond(bench.events, engine)} |
| the same SQL bare in one DuckDB, from one pass, kept in memory | ${seconds(bench.bare)} | ${perSecond(bench.events, bench.bare)} |
| polars: four columns of days alone, plain steps, no counters, no sleep | ${seconds(bench.polars)} | ${perSecond(bench.events, bench.polars)} |

Looking at all dates of the year (once, before the first table) took ${bench.lookSeconds.toFixed(1)} s.
The files were read once: ${whole(bench.eventsRead)} events.

## Upsert of ${whole(upsert.rows)} rows of people and days

| | new rows/s | changed rows/s | seconds of each run |
|---|---|---|---|
| Watchlake: COPY to a temporary table, one INSERT … ON CONFLICT, what is gone removed | ${perSecond(upsert.rows, upsert.copyNew)} | ${perSecond(upsert.rows, upsert.copyChanged)} | ${seconds(upsert.copyNew)}; ${seconds(upsert.copyChanged)} |
| INSERT … VALUES of 1,000 rows … ON CONFLICT | ${perSecond(upsert.rows, upsert.valuesNew)} | ${perSecond(upsert.rows, upsert.valuesChanged)} | ${seconds(upsert.valuesNew)}; ${seconds(upsert.valuesChanged)} |

## One day of the year again

A late event landed in ${oneDay.landSeconds.toFixed(1)} s (its date was written anew, the others taken over); aggregating what was due then took ${oneDay.seconds.toFixed(1)} s and worked on ${oneDay.periods} day.

| | of the day | of the year |
|---|---|---|
| files read | ${oneDay.files} | ${bench.files} |
| events read | ${whole(oneDay.rows)} | ${whole(bench.events)} |
| rows written | ${oneDay.written} | |

| | measured | goal | |
|---|---|---|---|
| events/s through the aggregation, three tables | ${goal('eventsPerSecond', whole(results.eventsPerSecond))}
| upserted rows/s, the slower of both | ${goal('upsertRowsPerSecond', whole(results.upsertRowsPerSecond))}
| files (UTC dates) read for one local day | ${goal('oneDayFiles', String(results.oneDayFiles))}

Ours takes ${results.timesBare.toFixed(2)} times as long as the bare SQL; COPY is ${results.timesValues.toFixed(1)} times as fast as VALUES.

${bench.date}, ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB; ${used.join(', ')}.
PostgreSQL ran with its defaults, fsync included. Load average ${bench.load.map((each) => each.toFixed(1)).join(' to ')} on ${machine.cores} cores: where it is well above their number,
other work took part of them, and the ratios hold better than the figures. Run it again with \`npm run bench:aggregate\`.
`;
}
