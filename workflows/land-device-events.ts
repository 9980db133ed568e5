/** Brings what devices have sent since the last time from Kafka into the lake, snapshot by snapshot. */
import { continueAsNew, proxyActivities } from '@temporalio/workflow';
import type {
  DeviceLandingActivities,
  LandedEvents,
} from '../activities/device-landing-activities';
import type { ValidInput, WorkflowInput } from '../activities/inputs';
import { DATA, SHORT } from './profiles';
import { tagRun, trackProgress } from './progress';
import { validated } from './validate';

const { landEvents, removeSuperseded } = proxyActivities<DeviceLandingActivities>(DATA);
const { prepareDeviceTopics } = proxyActivities<DeviceLandingActivities>(SHORT);

type Totals = NonNullable<ValidInput<'landDeviceEvents'>['carried']>;

/** messages = rows + duplicates + withdrawn + rejected. */
export interface LandDevicesResult extends Totals {
  dataset: string;
  /** Null when nothing has ever landed. */
  snapshotId: string | null;
  tableRows: number;
  /** Messages that have arrived since. */
  lag: number;
}

export async function landDeviceEvents(
  raw: WorkflowInput<'landDeviceEvents'>,
): Promise<LandDevicesResult> {
  const progress = trackProgress();
  const input = await validated('landDeviceEvents', raw);
  const { dataset, maximumEvents, lateDays, landingsPerRun } = input;
  tagRun({ dataset });
  await prepareDeviceTopics();

  let totals = input.carried ?? NOTHING;
  for (let landing = 0; landing < landingsPerRun; landing += 1) {
    progress('landing', shown(totals));
    const landed = await landEvents({ dataset, maximumEvents, lateDays });
    totals = addUp(totals, landed);
    if (landed.more) continue;
    progress('removing superseded snapshots', { ...shown(totals), lag: landed.lag });
    await removeSuperseded({ dataset, keepHours: input.keepHours });
    progress('landed');
    const { snapshotId, tableRows, lag } = landed;
    return { dataset, snapshotId, tableRows, lag, ...totals };
  }
  progress('continuing as new', shown(totals));
  return continueAsNew<typeof landDeviceEvents>({ ...input, carried: totals });
}

const NOTHING: Totals = {
  ...{ landings: 0, messages: 0, rows: 0, duplicates: 0, withdrawn: 0, late: 0 },
  ...{ skippedOffsets: 0, restarted: 0, rejected: {} },
};

function addUp(totals: Totals, landed: LandedEvents): Totals {
  const rejected = { ...totals.rejected };
  for (const [reason, n] of Object.entries(landed.rejected)) {
    rejected[reason] = (rejected[reason] ?? 0) + n;
  }
  return {
    landings: totals.landings + (landed.messages > 0 ? 1 : 0),
    messages: totals.messages + landed.messages,
    rows: totals.rows + landed.rows,
    duplicates: totals.duplicates + landed.duplicates,
    withdrawn: totals.withdrawn + landed.withdrawn,
    late: totals.late + landed.late,
    skippedOffsets: totals.skippedOffsets + landed.skippedOffsets,
    restarted: (totals.restarted ?? 0) + (landed.restarted ?? 0),
    rejected,
  };
}

const shown = ({ messages, rows, duplicates, rejected, late }: Totals) => ({
  ...{ messages, rows, duplicates, late },
  rejected: Object.values(rejected).reduce((sum, n) => sum + n, 0),
});
