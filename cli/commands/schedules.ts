/** `watchlake schedules`: Temporal's schedules made equal to the declared list, and looked after. */
import type { Command } from 'commander';
import type { ScheduleState } from '../../workers/schedules';
import { declare } from '../command';
import { withContext } from '../run-workflow';
import type { Actions, Outcome } from '../shell';
import { showHeading, showTable } from '../tables';
import type { Voice } from '../voice';

function showSchedules(voice: Voice, schedules: readonly ScheduleState[]): void {
  if (schedules.length === 0) return voice.line('There are no schedules.');
  const { colors } = voice;
  const columns = ['schedule', 'workflow', 'state', 'next run', 'note'].map((title) => ({ title }));
  const rows = schedules.map((each) => [
    each.id,
    each.workflow,
    each.paused ? colors.yellow('paused') : colors.green('active'),
    (each.paused ? undefined : each.nextRuns[0]) ?? '–',
    each.note,
  ]);
  showTable(voice, columns, rows);
}

const listed = (title: string, schedules: readonly ScheduleState[]): Outcome => ({
  result: { schedules },
  show: (voice) => {
    showHeading(voice, title);
    showSchedules(voice, schedules);
  },
});

function addApply(group: Command, act: Actions): void {
  declare(group, {
    usage: 'apply',
    about: 'Creates and updates the schedules that schedules.yaml declares.',
    examples: ['schedules apply', 'schedules apply --paused'],
  })
    .option('--paused', 'leave them paused', false)
    .action(
      act(async (shell, { paused }: { paused: boolean }) =>
        withContext(shell, async ({ client }) =>
          listed('Applied', await shell.services.applySchedules({ client, paused })),
        ),
      ),
    );
}

function addPause(group: Command, act: Actions): void {
  declare(group, {
    usage: 'pause <id>',
    about: 'Pauses a schedule: it starts nothing until it is resumed.',
    examples: ['schedules pause retrain-activity', 'schedules pause retrain-activity --resume'],
  })
    .option('--resume', 'let a paused schedule start runs again', false)
    .action(
      act(async (shell, id: string, { resume }: { resume: boolean }) =>
        withContext(shell, async ({ client }) => {
          await shell.services.pauseSchedule(client, id, !resume);
          return {
            result: { id, paused: !resume },
            show: (voice) => voice.line(`${id} is ${resume ? 'active' : 'paused'}.`),
          };
        }),
      ),
    );
}

function addTrigger(group: Command, act: Actions): void {
  declare(group, {
    usage: 'trigger <id>',
    about: 'Starts the run of a schedule now, unless its last one still runs.',
    examples: ['schedules trigger retrain-activity'],
  }).action(
    act(async (shell, id: string) =>
      withContext(shell, async ({ client }) => {
        await shell.services.triggerSchedule(client, id);
        return { result: { id }, show: (voice) => voice.line(`${id} was triggered.`) };
      }),
    ),
  );
}

export function addSchedules(program: Command, act: Actions): void {
  const group = program
    .command('schedules')
    .description('Shows and changes the schedules that start workflows.');
  addApply(group, act);
  declare(group, {
    usage: 'list',
    about: 'Shows the schedules and when they run next.',
    examples: ['schedules list'],
  }).action(
    act(async (shell) =>
      withContext(shell, async ({ client }) =>
        listed('Schedules', await shell.services.listSchedules({ client })),
      ),
    ),
  );
  addPause(group, act);
  addTrigger(group, act);
}
