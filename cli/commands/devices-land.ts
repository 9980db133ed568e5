/** `watchlake devices land`: brings what devices have sent from Kafka into the lake. */
import type { Command } from 'commander';
import { workflowIds } from '../../core/workflow-ids';
import { DEVICES_DATASET } from '../../lakehouse/devices/names';
import type { LandDevicesResult } from '../../workflows/land-device-events';
import { declare, numberBetween, waiting, wholeNumber, type WaitingOptions } from '../command';
import { showNext } from '../next-step';
import { runWorkflow, withContext } from '../run-workflow';
import type { Actions, Shell } from '../shell';
import { showFacts, showHeading } from '../tables';
import { count, counted, tally, type Voice } from '../voice';

interface LandOptions extends WaitingOptions {
  dataset: string;
  maximumEvents?: number;
  lateDays?: number;
  keepHours?: number;
}

const MOST_EVENTS = 10_000_000;
const MOST_DAYS = 3_650;
const USUAL_LATE_DAYS = 1;
const MOST_HOURS = 24 * 365;

/** Devices that send side by side make one another late: the figure is of the topic, not of a device. */
const lateOf = ({ late }: LandDevicesResult, days: number): string => {
  if (late === 0) return count(late);
  const behind = `more than ${counted(days, 'day')}`;
  return `${count(late)}, dated ${behind} before what had come already, of any device`;
};

function show(voice: Voice, shell: Shell, landed: LandDevicesResult, lateDays: number): void {
  showHeading(voice, landed.messages === 0 ? 'Nothing new' : 'Landed');
  const { withdrawn, skippedOffsets, restarted = 0 } = landed;
  showFacts(voice, {
    messages: count(landed.messages),
    'new events': count(landed.rows),
    duplicates: count(landed.duplicates),
    rejected: tally(landed.rejected),
    late: lateOf(landed, lateDays),
    'of erased people': withdrawn > 0 ? count(withdrawn) : null,
    'gone before they were read':
      skippedOffsets > 0 ? voice.colors.yellow(count(skippedOffsets)) : null,
    'partitions made anew, read from their start':
      restarted > 0 ? voice.colors.yellow(count(restarted)) : null,
    'still on the topic': count(landed.lag),
    'rows in the table': count(landed.tableRows),
    snapshot: landed.snapshotId,
  });
  if (landed.tableRows === 0) return;
  showNext(voice, shell, 'devices aggregate --grain day');
}

export function addDevicesLand(group: Command, act: Actions): void {
  const command = declare(group, {
    usage: 'land',
    about: 'Brings what devices have sent from Kafka into the lake, each event once.',
    examples: ['devices land', 'devices land --maximum-events 200000'],
    more: 'What is no event goes to quarantine and to the dead-letter topic, with its reason: `watchlake quarantine list`.',
  })
    .option('--dataset <name>', 'dataset that the events belong to', DEVICES_DATASET)
    .option(
      '--maximum-events <n>',
      'messages of one snapshot; a million when absent',
      wholeNumber(1, MOST_EVENTS),
    )
    .option(
      '--late-days <n>',
      'an event is late when dated more days than this before what has come; 1 when absent',
      wholeNumber(0, MOST_DAYS),
    )
    .option(
      '--keep-hours <n>',
      'how long superseded snapshots stay; 6 when absent',
      numberBetween(1, MOST_HOURS),
    );
  waiting(command).action(
    act(async (shell, { cancelOnExit, ...input }: LandOptions) =>
      withContext(shell, async (context) => {
        const { run, result } = await runWorkflow<LandDevicesResult, 'landDeviceEvents'>(
          shell,
          context,
          {
            workflow: 'landDeviceEvents',
            workflowId: workflowIds.landDeviceEvents(),
            input: inputOf(input),
            summary: 'Land events of devices',
          },
          { cancelOnExit },
        );
        return {
          result: { ...run, ...result },
          show: (voice) => show(voice, shell, result, input.lateDays ?? USUAL_LATE_DAYS),
        };
      }),
    ),
  );
}

const inputOf = ({
  dataset,
  maximumEvents,
  lateDays,
  keepHours,
}: Omit<LandOptions, 'cancelOnExit'>) => ({
  ...{ dataset, maximumEvents, lateDays, keepHours },
});
