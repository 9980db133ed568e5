/** Steps that turn the landed events into aggregates in PostgreSQL: only what has changed is read and written. */
import { WatchlakeError } from '../core/errors';
import { NONE, type WrittenAggregates } from '../devices/aggregates';
import type { DeviceTables } from '../devices/devices';
import type { Period } from '../devices/periods';
import { aggregatePeriods, runsOf } from '../lakehouse/devices/aggregation/aggregate';
import type { ReadFigures } from '../lakehouse/devices/aggregation/open-aggregation';
import { withAggregation } from '../lakehouse/devices/aggregation/open-aggregation';
import { EVENTS_TABLE } from '../lakehouse/devices/names';
import type { Lake } from '../lakehouse/lake';
import type { Grain } from '../telemetry/aggregate';
import { alive } from './alive';
import { asActivities } from './as-activities';
import { lookAtDates, requireNothingNewer } from './landed-dates';

export interface DeviceAggregateDeps {
  lake: Lake;
  devices: DeviceTables;
}

export interface PlanAggregationInput {
  dataset: string;
  grain: Grain;
  from?: string;
  to?: string;
  /** Only periods that begin later, as a run before has done the others. */
  after?: string;
  maximumBatches: number;
  /** Takes the present lake for the source, whichever the aggregates were made from. */
  acceptLake?: boolean;
}

export interface AggregationPlan {
  /** First dates of the periods, in the parts that are aggregated one after another. */
  batches: string[][];
  periods: number;
  /** Whether there are periods beyond the last batch. */
  more: boolean;
  /** Events of devices that no profile names, in no period. */
  unassigned: number;
  /** Whether the dataset holds any event; histories of earlier versions do not tell. */
  hasEvents?: boolean;
}

export interface AggregatedPeriods extends ReadFigures {
  periods: number;
  /** Rows of people, of which so many were new or had other figures. */
  people: number;
  written: number;
  deleted: number;
  /** Periods whose partition was detached, and whose rows are kept no more. */
  notKept: number;
}

// A part is as much as one run of the engine should hold, and as few periods as one message should name.
const EVENTS_A_BATCH = 5_000_000;
const PERIODS_A_BATCH = 62;

const NOTHING_LANDED: AggregationPlan = {
  ...{ batches: [], periods: 0, more: false, unassigned: 0 },
  hasEvents: false,
};

function batchesOf(periods: readonly Period[]): string[][] {
  const batches: string[][] = [];
  let events = Infinity;
  for (const { start, events: more } of periods) {
    const isFull = events + more > EVENTS_A_BATCH || batches.at(-1)?.length === PERIODS_A_BATCH;
    if (isFull) {
      batches.push([]);
      events = 0;
    }
    events += more;
    batches.at(-1)?.push(start);
  }
  return batches;
}

const NOTHING_READ: ReadFigures = { files: 0, bytes: 0, rows: 0 };

function addUp(
  periods: readonly Period[],
  read: ReadFigures,
  parts: readonly WrittenAggregates[],
): AggregatedPeriods {
  const sum = (of: (part: WrittenAggregates) => number) =>
    parts.reduce((total, part) => total + of(part), 0);
  return {
    ...read,
    periods: periods.length,
    people: sum(({ rows }) => rows),
    written: sum(({ written }) => written),
    deleted: sum(({ deleted }) => deleted),
    notKept: sum(({ notKept }) => notKept.length),
  };
}

export function createDeviceAggregateActivities({ lake, devices }: DeviceAggregateDeps) {
  return asActivities({
    // Safe to retry: partitions that are there stay, those that are detached are so once.
    maintainPartitions: (input: {
      grain: Grain;
      today: string;
      aheadMonths: number;
      keepMonths?: number;
    }): Promise<{ created: readonly string[]; detached: readonly string[] }> =>
      devices.maintainPartitions(input.grain, input),

    // Safe to retry: what is known of a date that has not changed is left as it is.
    async planAggregation(input: PlanAggregationInput): Promise<AggregationPlan> {
      const { signal, report } = alive();
      const { dataset, grain, from, to, after, maximumBatches, acceptLake } = input;
      const pointer = await lake.catalog.pointer({ dataset, table: EVENTS_TABLE });
      if (pointer === null) return NOTHING_LANDED;
      const look = { dataset, acceptLake, signal, report };
      const { manifest } = await lookAtDates({ lake, devices }, look);
      const isRange = from !== undefined || to !== undefined;
      const found = await (isRange
        ? devices.periodsIn(grain, { from, to })
        : devices.duePeriods(grain));
      const periods = found.filter(({ start }) => after === undefined || start > after);
      const batches = batchesOf(periods);
      return {
        batches: batches.slice(0, maximumBatches),
        periods: periods.length,
        more: batches.length > maximumBatches,
        unassigned: await devices.unassignedEvents(),
        hasEvents: manifest.rows > 0,
      };
    },

    // Safe to retry: what is made of days, and then of events, is each written in one transaction, which nothing else has
    // written in between, and the same events give the same rows, which are then left as they are.
    async aggregatePeriods(input: {
      dataset: string;
      grain: Grain;
      periods: string[];
    }): Promise<AggregatedPeriods> {
      const { signal, report } = alive();
      const { dataset, grain } = input;
      const profilesVersion = await devices.profilesVersion();
      const look = { dataset, signal, report };
      const { manifest, present } = await lookAtDates({ lake, devices }, look);
      const wanted = await devices.periodsNow(grain, input.periods);
      const summed = grain === 'day' ? NONE : await devices.sumDays({ grain, periods: wanted });
      const periods = wanted.filter(({ start }) => !summed.starts.includes(start));
      if (periods.length === 0) return addUp(wanted, NOTHING_READ, [summed]);
      const dates = [...new Set(periods.flatMap((each) => each.dates))];
      const runs = runsOf(dates);
      return withAggregation(lake, { manifest, dates, signal }, async (aggregation) => {
        const { read } = aggregation;
        report({ step: 'aggregating', ...read });
        const peopleFile = aggregation.fileNamed('people');
        await devices.exportPeople(peopleFile);
        const readingsBeforeFile = aggregation.fileNamed('readings-before');
        await devices.exportReadingsBefore(runs, readingsBeforeFile);
        await requireNothingNewer({ devices }, present);
        // Of other people than those by whom the dates were looked at, the periods would be recorded as up to date.
        if ((await devices.profilesVersion()) !== profilesVersion) {
          throw new WatchlakeError('AGGREGATES_OUTDATED', { what: 'other profiles' });
        }
        const { file } = await aggregatePeriods(aggregation, {
          ...{ grain, runs, peopleFile, readingsBeforeFile },
          periods: periods.map(({ start }) => start),
        });
        report({ step: 'writing', ...read });
        const made = await devices.writeAggregates({ grain, periods, file });
        return addUp(wanted, read, [summed, made]);
      });
    },
  });
}

export type DeviceAggregateActivities = ReturnType<typeof createDeviceAggregateActivities>;
