/** `watchlake attach`: comes back to a workflow that runs, or shows the result of one that has ended. */
import type { Command } from 'commander';
import { declare, waiting, type WaitingOptions } from '../command';
import { followRun } from '../follow-run';
import { runLink } from '../run-links';
import { withContext } from '../run-workflow';
import { type Actions } from '../shell';
import { showFacts, showHeading } from '../tables';

const asObject = (result: unknown): Record<string, unknown> =>
  result !== null && typeof result === 'object' && !Array.isArray(result)
    ? (result as Record<string, unknown>)
    : { result };

const asText = (value: unknown): string =>
  typeof value === 'string' ? value : JSON.stringify(value);

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
        const result = asObject(await followRun<unknown>(shell, client, options));
        return {
          result: { workflowId, runId, link, workflow: type, ...result },
          show: (voice) => {
            showHeading(voice, `${workflowId} has completed`);
            const facts = Object.entries(result).map(([name, value]) => [name, asText(value)]);
            showFacts(voice, Object.fromEntries(facts) as Record<string, string>);
          },
        };
      }),
    ),
  );
}
