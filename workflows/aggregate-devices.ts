/** Aggregates devices' events by person, over days, weeks or months: what has changed, or a range that is asked for. */
import { continueAsNew, proxyActivities } from '@temporalio/workflow';
import type {
  AggregatedPeriods,
  DeviceAggregateActivities,
} from '../activities/device-aggregate-activities';
import type { ValidInput, WorkflowInput } from '../activities/inputs';
import { count } from '../core/figures';
import { DATA, SHORT } from './profiles';
import { tagRun, trackProgress } from './progress';
import { validated } from './validate';

const { planAggregation, aggregatePeriods } = proxyActivities<DeviceAggregateActivities>(DATA);
const { maintainPartitions } = proxyActivities<DeviceAggregateActivities>(SHORT);

type Input = ValidInput<'aggregateDevices'>;
type Totals = NonNullable<Input['carried']>;

export interface AggregateDevicesResult extends Omit<Totals, 'after' | 'detached'> {
  dataset: string;
  grain: Input['grain'];
  /** Events of devices that no profile names. */
  unassigned: number;
  /** Partitions that were older than what is kept. */
  detached: string[];
  /** Whether the dataset holds any event. */
  hasEvents: boolean;
}

export async function aggregateDevices(
  raw: WorkflowInput<'aggregateDevices'>,
): Promise<AggregateDevicesResult> {
  const progress = trackProgress();
  const input = await validated('aggregateDevices', raw);
  const { dataset, grain, from, to, acceptLake } = input;
  tagRun({ dataset });

  progress('preparing partitions', { grain });
  let totals = withDetached(
    input.carried ?? NOTHING,
    await maintainPartitions(partitionsOf(input)),
  );
  progress('looking at what has changed', shown(totals));
  const after = totals.after ?? undefined;
  const plan = await planAggregation({
    ...{ dataset, grain, from, to, after, acceptLake },
    maximumBatches: input.batchesPerRun,
  });
  const wanted = totals.periods + plan.periods;
  for (const periods of plan.batches) {
    progress('aggregating', {
      ...shown(totals),
      periods: `${count(totals.periods)} of ${count(wanted)}`,
    });
    totals = addUp(totals, await aggregatePeriods({ dataset, grain, periods }));
    totals = { ...totals, after: periods.at(-1) ?? null };
  }
  progress(plan.more ? 'continuing as new' : 'aggregated', shown(totals));
  if (plan.more) return continueAsNew<typeof aggregateDevices>({ ...input, carried: totals });
  const { after: _after, detached = [], ...counts } = totals;
  const { unassigned, hasEvents = true } = plan;
  return { dataset, grain, ...counts, unassigned, detached: [...detached], hasEvents };
}

const NOTHING: Totals = {
  ...{ periods: 0, people: 0, written: 0, deleted: 0, notKept: 0, filesRead: 0, rowsRead: 0 },
  after: null,
};

/** The workflow's own clock: a replay sees the same day. */
const partitionsOf = ({ grain, aheadMonths, keepMonths }: Input) => ({
  ...{ grain, aheadMonths, keepMonths },
  today: new Date().toISOString().slice(0, 10),
});

/** A run that goes on finds those that the one before has detached gone. */
const withDetached = (totals: Totals, { detached }: { detached: readonly string[] }): Totals =>
  detached.length === 0
    ? totals
    : { ...totals, detached: [...(totals.detached ?? []), ...detached] };

const addUp = (totals: Totals, done: AggregatedPeriods): Totals => ({
  ...totals,
  periods: totals.periods + done.periods,
  people: totals.people + done.people,
  written: totals.written + done.written,
  deleted: totals.deleted + done.deleted,
  notKept: totals.notKept + done.notKept,
  filesRead: totals.filesRead + done.files,
  rowsRead: totals.rowsRead + done.rows,
});

const shown = ({ periods, people, written, rowsRead }: Totals) => ({
  ...{ periods, 'rows of people': people, written, 'events read': rowsRead },
});
