/** `watchlake status`: what runs, where it answers, and which workflows are open. */
import type { Command } from 'commander';
import type { UpState } from '../../workers/state';
import { declare } from '../command';
import { withContext } from '../run-workflow';
import type { Actions, Shell } from '../shell';
import { showHeading, showTable } from '../tables';
import { demoHome, publicState, showAddresses } from './up';

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
  open: OpenRun[];
}

async function statusOf(shell: Shell, home: string): Promise<HomeStatus> {
  const state = await shell.services.readState(home);
  if (!state?.worker.ready) return { home, state, open: [] };
  const config = { ...shell.config, WATCHLAKE_HOME: home };
  return { home, state, open: await openRuns({ ...shell, config }) };
}

const asResult = ({ home, state, open }: HomeStatus) => ({
  home,
  running: state !== null,
  ...(state ? { ...publicState(state), workflows: open } : {}),
});

export function addStatus(program: Command, act: Actions): void {
  declare(program, {
    usage: 'status',
    about: 'Shows what runs, where it answers, and the workflows that are open.',
    examples: ['status', 'status --json'],
  }).action(
    act(async (shell) => {
      const main = await statusOf(shell, shell.config.WATCHLAKE_HOME);
      const demo = await statusOf(shell, demoHome(shell.config.WATCHLAKE_HOME));
      return {
        result: { ...asResult(main), demo: demo.state ? asResult(demo) : null },
        show: (voice) => {
          for (const { home, state, open } of [main, ...(demo.state ? [demo] : [])]) {
            showHeading(voice, home);
            if (state) showAddresses(voice, state);
            else voice.line('  not running; `watchlake up` starts it');
            if (open.length === 0) continue;
            voice.line();
            const columns = [{ title: 'open workflow' }, { title: 'type' }, { title: 'since' }];
            const rows = open.map((run) => [run.workflowId, run.type, run.startedAt]);
            showTable(voice, columns, rows);
          }
        },
      };
    }),
  );
}
