/** `watchlake attach`: comes back to a workflow that runs, or shows the result of one that has ended. */
import type { Command } from 'commander';
import { whatOf } from '../../core/facts';
import { figure } from '../../core/figures';
import type { LoopResult } from '../../workflows/active-learning-loop';
import { declare, waiting, type WaitingOptions } from '../command';
import { followRun } from '../follow-run';
import { loopFigures, showLoop, showReport } from '../loop-summary';
import { runLink } from '../run-links';
import { withContext } from '../run-workflow';
import type { Actions, Shell } from '../shell';
import { showFacts, showHeading } from '../tables';
import { tally, type Voice } from '../voice';

const asObject = (result: unknown): Record<string, unknown> =>
  result !== null && typeof result === 'object' && !Array.isArray(result)
    ? (result as Record<string, unknown>)
    : { result };

const LONGEST_VALUE = 100;

/** Facts of one line; the web UI and --json show the rest. */
function shortFacts(result: Record<string, unknown>): Record<string, string> {
  const texts = Object.entries(result).map(([name, value]): [string, string] => [
    whatOf(name),
    shortText(value),
  ]);
  return Object.fromEntries(texts.filter(([, text]) => text.length <= LONGEST_VALUE));
}

const isCounts = (value: unknown): value is Record<string, number> =>
  value !== null &&
  typeof value === 'object' &&
  !Array.isArray(value) &&
  Object.values(value).every((each) => typeof each === 'number');

function shortText(value: unknown): string {
  if (value === null) return '–';
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return figure(value);
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return isCounts(value) ? tally(value) : JSON.stringify(value);
}

function showResult(
  voice: Voice,
  shell: Shell,
  { workflowId, type, result }: { workflowId: string; type: string; result: unknown },
): void {
  const title = `${workflowId} has completed`;
  if (type === 'activeLearningLoop') {
    const figures = loopFigures(result as LoopResult);
    showLoop(voice, shell, { title, figures });
    return showReport(voice, figures);
  }
  showHeading(voice, title);
  showFacts(voice, shortFacts(asObject(result)));
}

export function addAttach(program: Command, act: Actions): void {
  const command = declare(program, {
    usage: 'attach <workflow-id>',
    about: 'Shows the progress of a workflow until it ends, and then its result.',
    examples: ['attach refresh/watch-exercises', 'attach loop/demo --home .watchlake/demo'],
  });
  waiting(command).action(
    act(async (shell, workflowId: string, { cancelOnExit }: WaitingOptions) =>
      withContext(shell, async ({ client, addresses }) => {
        const { runId, type } = await client.workflow.getHandle(workflowId).describe();
        const place = { workflowId, namespace: shell.config.TEMPORAL_NAMESPACE };
        const link = runLink({ uiUrl: addresses.temporal.uiUrl, ...place });
        shell.notes.line(shell.notes.colors.dim(`${type}  ${link}`));
        const options = { workflowId, link, cancelOnExit };
        const result = await followRun<unknown>(shell, client, options);
        return {
          result: { workflowId, runId, link, workflow: type, ...asObject(result) },
          show: (voice) => showResult(voice, shell, { workflowId, type, result }),
        };
      }),
    ),
  );
}
