/** `watchlake schedules`: applies the declared list to Temporal's schedules, and looks after them. */
import { Option, type Command } from 'commander';
import { fewOf } from '../../core/few-of';
import type { CommandContext } from '../../workers/connect';
import type { ScheduleState, Triggered } from '../../workers/schedules';
import { declare, declareGroup } from '../command';
import { commandLine } from '../follow-run';
import { runLink } from '../run-links';
import { withContext } from '../run-workflow';
import type { Actions, Outcome, Shell } from '../shell';
import { showFacts, showHeading, showTable } from '../tables';
import { moment, type Voice } from '../voice';

const nextRunOf = ({ paused, nextRuns: [next] }: ScheduleState): string =>
  paused || next === undefined ? '–' : moment(next);

function showSchedules(voice: Voice, shell: Shell, schedules: readonly ScheduleState[]): void {
  if (schedules.length === 0) {
    return voice.line(
      `There are no schedules; \`${commandLine(shell, 'schedules apply')}\` creates the declared ones.`,
    );
  }
  const { colors } = voice;
  const columns = ['schedule', 'workflow', 'state', 'next run', 'note'].map((title) => ({ title }));
  const rows = schedules.map((each) => [
    each.id,
    each.workflow,
    each.paused ? colors.yellow('paused') : colors.green('active'),
    nextRunOf(each),
    each.note,
  ]);
  showTable(voice, columns, rows);
}

const listed = (shell: Shell, title: string, schedules: readonly ScheduleState[]): Outcome => ({
  result: { schedules },
  show: (voice) => {
    showHeading(voice, title);
    showSchedules(voice, shell, schedules);
  },
});

const OUTCOMES: Record<NonNullable<ScheduleState['outcome']>, string> = {
  created: 'Created',
  updated: 'Updated',
  undeclared: 'Not declared any more; --prune deletes them',
  deleted: 'Deleted',
};

const applied = (shell: Shell, schedules: readonly ScheduleState[]): Outcome => ({
  result: { schedules },
  show: (voice) => {
    for (const [outcome, title] of Object.entries(OUTCOMES)) {
      const those = schedules.filter((each) => each.outcome === outcome);
      if (those.length === 0) continue;
      showHeading(voice, title);
      showSchedules(voice, shell, those);
    }
  },
});

/** The list that comes with Watchlake is of the sample: with another dataset its runs would fail, each time. */
async function tellOfMissing(
  { notes }: Shell,
  context: CommandContext,
  schedules: readonly ScheduleState[],
): Promise<void> {
  const active = schedules.filter(({ paused, recordingsOf }) => !paused && recordingsOf);
  if (active.length === 0) return;
  // They are applied: a lake that cannot be read now is no failure of that.
  const landed = await context.datasets().catch(() => null);
  if (landed === null) return;
  const missing = active.filter(({ recordingsOf = '' }) => !landed.includes(recordingsOf));
  for (const dataset of new Set(missing.map(({ recordingsOf = '' }) => recordingsOf))) {
    const those = missing.filter(({ recordingsOf }) => recordingsOf === dataset);
    const ids = those.map(({ id }) => id).join(', ');
    notes.line(
      `No recordings of ${dataset} have landed (the lake has: ${fewOf(landed) ?? 'nothing yet'}); until they have, runs of ${ids} fail. ` +
        'SCHEDULES_FILE names a list of your own, and `--paused` lets none of them run.',
    );
  }
}

interface ApplyFlags {
  paused?: true;
  resume?: true;
  prune: boolean;
}

/** Without either option schedules stay as active as they are. */
const pausedBy = ({ paused, resume }: ApplyFlags) =>
  paused ? { paused: true } : resume ? { paused: false } : {};

function addApply(group: Command, act: Actions): void {
  declare(group, {
    usage: 'apply',
    about: 'Creates and updates the schedules that SCHEDULES_FILE declares.',
    examples: ['schedules apply', 'schedules apply --paused', 'schedules apply --prune'],
    more: 'New ones are active; those that somebody has paused stay so.',
  })
    .option('--paused', 'pause all of them')
    .addOption(new Option('--resume', 'let all of them start runs').conflicts('paused'))
    .option('--prune', 'delete those of Watchlake that are declared no longer', false)
    .action(
      act(async (shell, flags: ApplyFlags) =>
        withContext(shell, async (context) => {
          const options = { ...pausedBy(flags), prune: flags.prune };
          const file = shell.config.SCHEDULES_FILE;
          const { client } = context;
          const schedules = await shell.services.applySchedules(client, file, options);
          await tellOfMissing(shell, context, schedules);
          return applied(shell, schedules);
        }),
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

function whatBecameOf({ outcome, workflowId = 'its last run' }: Triggered): string {
  if (outcome === 'started') return `has started ${workflowId}`;
  return outcome === 'skipped'
    ? `has started nothing: ${workflowId} is still open`
    : 'was triggered';
}

function addTrigger(group: Command, act: Actions): void {
  declare(group, {
    usage: 'trigger <id>',
    about: 'Starts the run of a schedule now, unless its last one still runs.',
    examples: ['schedules trigger retrain-activity'],
  }).action(
    act(async (shell, id: string) =>
      withContext(shell, async ({ client, addresses }) => {
        const triggered = await shell.services.triggerSchedule(client, id);
        const { workflowId } = triggered;
        const place = {
          uiUrl: addresses.temporal.uiUrl,
          namespace: shell.config.TEMPORAL_NAMESPACE,
        };
        const link = workflowId === undefined ? '' : runLink({ ...place, workflowId });
        return {
          result: { id, ...triggered, ...(link && { link }) },
          show: (voice) => {
            voice.line(`${id} ${whatBecameOf(triggered)}.`);
            if (workflowId === undefined) return;
            showFacts(voice, {
              run: link || workflowId,
              watch: commandLine(shell, `attach ${workflowId}`),
            });
          },
        };
      }),
    ),
  );
}

export function addSchedules(program: Command, act: Actions): void {
  const group = declareGroup(program, {
    usage: 'schedules',
    about: 'Shows and changes the schedules that start workflows.',
    examples: ['schedules list'],
  });
  addApply(group, act);
  declare(group, {
    usage: 'list',
    about: 'Shows the schedules and when they run next.',
    examples: ['schedules list'],
  }).action(
    act(async (shell) =>
      withContext(shell, async ({ client }) =>
        listed(shell, 'Schedules', await shell.services.listSchedules({ client })),
      ),
    ),
  );
  addPause(group, act);
  addTrigger(group, act);
}
