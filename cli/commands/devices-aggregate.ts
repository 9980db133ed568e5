/** `watchlake devices aggregate`: daily, weekly and monthly aggregates in PostgreSQL. */
import { Option, type Command } from 'commander';
import { DUE, workflowIds } from '../../core/workflow-ids';
import { AGGREGATE_TABLES } from '../../devices/partitions';
import { DEVICES_DATASET } from '../../lakehouse/devices/names';
import { GRAINS, type Grain } from '../../telemetry/aggregate';
import type { AggregateDevicesResult } from '../../workflows/aggregate-devices';
import { declare, waiting, wholeNumber, type WaitingOptions } from '../command';
import { commandLine } from '../follow-run';
import { runWorkflow, withContext } from '../run-workflow';
import type { Actions, Shell } from '../shell';
import { showFacts, showHeading } from '../tables';
import { count, counted, type Voice } from '../voice';

interface AggregateOptions extends WaitingOptions {
  grain: Grain;
  dataset: string;
  from?: string;
  to?: string;
  keepMonths?: number;
  acceptLake?: true;
}

const MOST_MONTHS = 1_200;

/** What the run is about, in its id. */
const periodOf = ({ from, to }: Pick<AggregateOptions, 'from' | 'to'>): string =>
  from === undefined && to === undefined ? DUE : `${from ?? ''}..${to ?? ''}`;

/** Nothing can have changed where nothing has ever come. */
function showNoEvents(voice: Voice, shell: Shell, { dataset }: AggregateDevicesResult): void {
  const more = dataset === DEVICES_DATASET ? '' : ` --dataset ${dataset}`;
  showHeading(voice, `There are no events of ${dataset} yet`);
  voice.line('  Devices send them to the ingest server, and landing brings them into the lake:');
  voice.line();
  showFacts(voice, {
    'the server': commandLine(shell, 'devices serve'),
    'or a file': commandLine(shell, 'devices send --file events.jsonl'),
    landing: commandLine(shell, `devices land${more}`),
  });
}

const headingOf = ({ grain, periods }: AggregateDevicesResult, isRange: boolean): string => {
  if (periods > 0) return `Aggregated by ${grain}`;
  return isRange ? 'The range holds nothing to aggregate' : 'Nothing has changed';
};

function show(voice: Voice, shell: Shell, done: AggregateDevicesResult, isRange: boolean): void {
  if (!done.hasEvents && done.periods === 0) return showNoEvents(voice, shell, done);
  const { grain, periods, people, written, deleted, notKept, unassigned, detached } = done;
  const { colors } = voice;
  showHeading(voice, headingOf(done, isRange));
  showFacts(voice, {
    [`${grain}s`]: count(periods),
    'rows of people': count(people),
    'of which new or changed': count(written),
    removed: deleted > 0 ? count(deleted) : null,
    'events read': `${count(done.rowsRead)} in ${counted(done.filesRead, 'file')}`,
    'older than what is kept': notKept > 0 ? counted(notKept, grain) : null,
    'partitions detached': detached.length > 0 ? detached.join(', ') : null,
    'events of unknown devices': unassigned > 0 ? colors.yellow(count(unassigned)) : null,
    table: `devices.${AGGREGATE_TABLES[grain].table}`,
  });
  if (unassigned === 0) return;
  voice.line();
  const naming = commandLine(shell, 'devices profiles import <file>');
  voice.line(colors.dim(`  \`${naming}\` says whose they are`));
}

const inputOf = (grain: Grain, options: Omit<AggregateOptions, 'grain' | 'cancelOnExit'>) => {
  const { dataset, from, to, keepMonths, acceptLake } = options;
  return { dataset, grain, from, to, keepMonths, acceptLake };
};

export function addDevicesAggregate(group: Command, act: Actions): void {
  const command = declare(group, {
    usage: 'aggregate',
    about: 'Aggregates the landed events by person into PostgreSQL: what has changed, or a range.',
    examples: [
      'devices aggregate --grain day',
      'devices aggregate --grain week --from 2026-03-01 --to 2026-03-31',
    ],
    more: 'docs/devices.md defines every figure. A range is aggregated again whether or not it has changed.',
  })
    .addOption(
      new Option('--grain <grain>', 'how long a period is').choices(GRAINS).makeOptionMandatory(),
    )
    .option('--dataset <name>', 'dataset of the events', DEVICES_DATASET)
    .option('--from <date>', 'first local date of the range, such as 2026-03-01')
    .option('--to <date>', 'last local date of the range')
    .option(
      '--keep-months <n>',
      'detaches partitions that have ended longer ago; none when absent',
      wholeNumber(1, MOST_MONTHS),
    )
    .option(
      '--accept-lake',
      'makes the aggregates again from the present lake although they were made from another one; dates that it lacks go',
    );
  waiting(command).action(
    act(async (shell, { cancelOnExit, grain, ...options }: AggregateOptions) =>
      withContext(shell, async (context) => {
        const { run, result } = await runWorkflow<AggregateDevicesResult, 'aggregateDevices'>(
          shell,
          context,
          {
            workflow: 'aggregateDevices',
            workflowId: workflowIds.aggregateDevices(grain, periodOf(options)),
            input: inputOf(grain, options),
            summary: `Aggregate devices by ${grain}`,
          },
          { cancelOnExit },
        );
        const isRange = options.from !== undefined || options.to !== undefined;
        return {
          result: { ...run, ...result },
          show: (voice) => show(voice, shell, result, isRange),
        };
      }),
    ),
  );
}
