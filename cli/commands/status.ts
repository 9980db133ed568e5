/** `watchlake status`: what runs, where it answers, and which workflows are open. */
import type { Command } from 'commander';
import { PROGRAM } from '../../core/program-name';
import type { UpState } from '../../workers/state';
import { declare } from '../command';
import { demoHome } from '../demo-home';
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

const openRuns = (shell: Shell): Promise<OpenRun[]> =>
  withContext(shell, async ({ client }) => {
    const runs: OpenRun[] = [];
    for await (const run of client.workflow.list({ query: 'ExecutionStatus = "Running"' })) {
      const { workflowId, type, startTime } = run;
      runs.push({ workflowId, type, startedAt: startTime.toISOString() });
      if (runs.length === OPEN_RUNS_SHOWN) break;
    }
    return runs;
  });

interface HomeStatus {
  home: string;
  state: UpState | null;
  isStarting: boolean;
  open: OpenRun[];
}

async function statusOf(shell: Shell, home: string): Promise<HomeStatus> {
  const state = await shell.services.readState(home);
  if (!state?.worker.ready) {
    const isStarting = (await shell.services.supervisorOf(home)) !== null;
    return { home, state, isStarting, open: [] };
  }
  const config = { ...shell.config, WATCHLAKE_HOME: home };
  return { home, state, isStarting: false, open: await openRuns({ ...shell, config }) };
}

const asResult = ({ home, state, isStarting, open }: HomeStatus) => ({
  home,
  running: state !== null,
  starting: isStarting,
  ...(state ? { ...publicState(state), workflows: open } : {}),
});

function showStatus(voice: Voice, { home, state, isStarting, open }: HomeStatus): void {
  showHeading(voice, home);
  if (state) showAddresses(voice, state);
  else if (isStarting) voice.line(`  starting; \`${PROGRAM} up --detach\` waits until it is up`);
  else voice.line(`  not running; \`${PROGRAM} up\` starts it`);
  if (open.length === 0) return;
  voice.line();
  const columns = [{ title: 'open workflow' }, { title: 'type' }, { title: 'since' }];
  const rows = open.map((run) => [run.workflowId, run.type, moment(run.startedAt)]);
  showTable(voice, columns, rows);
}

export function addStatus(program: Command, act: Actions): void {
  declare(program, {
    usage: 'status',
    about: 'Shows what runs, where it answers, and the workflows that are open.',
    examples: ['status', 'status --json'],
  }).action(
    act(async (shell) => {
      const main = await statusOf(shell, shell.config.WATCHLAKE_HOME);
      const demo = await statusOf(shell, demoHome(shell.config.WATCHLAKE_HOME));
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
