/** `watchlake status`: what runs, where it answers, and which workflows are open. */
import type { Command } from 'commander';
import { isWatchlakeError } from '../../core/errors';
import type { CommandContext } from '../../workers/connect';
import { supervisorLog, type UpState } from '../../workers/state';
import { declare } from '../command';
import { demoHome, demoOption } from '../demo-home';
import { commandLine } from '../follow-run';
import { withContext } from '../run-workflow';
import type { Actions, Shell } from '../shell';
import { showHeading, showTable } from '../tables';
import { moment, type Voice } from '../voice';
import { publicState, showAddresses } from './up';

interface OpenRun {
  workflowId: string;
  type: string;
  startedAt: string;
}

const OPEN_RUNS_SHOWN = 50;

async function listOpen({ client }: CommandContext): Promise<OpenRun[]> {
  const runs: OpenRun[] = [];
  for await (const run of client.workflow.list({ query: 'ExecutionStatus = "Running"' })) {
    const { workflowId, type, startTime } = run;
    runs.push({ workflowId, type, startedAt: startTime.toISOString() });
    if (runs.length > OPEN_RUNS_SHOWN) break;
  }
  return runs;
}

/** It says what is, without waiting: that a part is being started again is an answer too. */
async function openRuns(shell: Shell): Promise<{ runs: OpenRun[]; missing: string | null }> {
  try {
    return { runs: await withContext(shell, listOpen, { isPatient: false }), missing: null };
  } catch (error) {
    if (!isWatchlakeError(error) || error.code !== 'STACK_NOT_RUNNING') throw error;
    return { runs: [], missing: String(error.context.what) };
  }
}

interface HomeStatus {
  home: string;
  /** As it is typed; absent for the usual one. */
  homeOption: string | undefined;
  state: UpState | null;
  isStarting: boolean;
  /** The part that has ended and is started again. */
  missing: string | null;
  open: OpenRun[];
  /** Whether there are more of them. */
  more: boolean;
}

async function statusOf(
  shell: Shell,
  { home, homeOption }: Pick<HomeStatus, 'home' | 'homeOption'>,
): Promise<HomeStatus> {
  const place = { home, homeOption };
  const state = await shell.services.readState(home);
  if (!state?.worker.ready) {
    const isStarting = (await shell.services.supervisorOf(home)) !== null;
    return { ...place, state, isStarting, missing: null, open: [], more: false };
  }
  const config = { ...shell.config, WATCHLAKE_HOME: home };
  const { runs, missing } = await openRuns({ ...shell, config });
  const open = runs.slice(0, OPEN_RUNS_SHOWN);
  const more = runs.length > open.length;
  return { ...place, state, isStarting: false, missing, open, more };
}

const asResult = ({ home, state, isStarting, missing, open, more }: HomeStatus) => ({
  home,
  running: state !== null,
  starting: isStarting,
  ...(missing === null ? {} : { missing }),
  ...(state ? { ...publicState(state), workflows: open, truncated: more } : {}),
});

function showStatus(voice: Voice, status: HomeStatus): void {
  const { home, state, isStarting, missing, open, more } = status;
  showHeading(voice, home);
  if (state) showAddresses(voice, state);
  else if (isStarting)
    voice.line(`  starting; \`${commandLine(status, 'up --detach')}\` waits until it is up`);
  else voice.line(`  not running; \`${commandLine(status, 'up')}\` starts it`);
  if (missing !== null) {
    voice.line(`  ${missing} has ended; the supervisor starts it again`);
    voice.line(voice.colors.dim(`  where it stays away, ${supervisorLog(home)} says why`));
  }
  if (open.length === 0) return;
  voice.line();
  const columns = [{ title: 'open workflow' }, { title: 'type' }, { title: 'since' }];
  const rows = open.map((run) => [run.workflowId, run.type, moment(run.startedAt)]);
  showTable(voice, columns, rows);
  if (more) voice.line('  and more: the web UI lists all of them');
}

export function addStatus(program: Command, act: Actions): void {
  declare(program, {
    usage: 'status',
    about: 'Shows what runs, where it answers, and the workflows that are open.',
    examples: ['status', 'status --json'],
  }).action(
    act(async (shell) => {
      const home = shell.config.WATCHLAKE_HOME;
      const main = await statusOf(shell, { home, homeOption: shell.homeOption });
      const other = demoHome(home);
      const demo = await statusOf(shell, { home: other, homeOption: demoOption(other) });
      const hasDemo = demo.state !== null || demo.isStarting;
      return {
        result: { ...asResult(main), demo: hasDemo ? asResult(demo) : null },
        show: (voice) => {
          showStatus(voice, main);
          if (hasDemo) showStatus(voice, demo);
        },
      };
    }),
  );
}
