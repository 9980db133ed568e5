/** One query on Athena: a workflow follows it, the rows come straight from Athena. */
import { ApplicationFailure } from '@temporalio/client';
import { workflowIds } from '../core/workflow-ids';
import type { QueryResult } from '../lakehouse/ports';
import type { CommandAthena } from '../workers/athena';
import type { AthenaQueryResult } from '../workflows/athena-query';
import { FailedRun, innermost } from './problem';
import { runWorkflow, withContext } from './run-workflow';
import type { Outcome, Shell } from './shell';
import { bytes, duration, type Voice } from './voice';

export interface AthenaOptions {
  dataset?: string;
  database?: string;
  workgroup?: string;
  limit: number;
  show: (voice: Voice, result: QueryResult) => void;
}

export const noteMore = (shell: Shell, limit: number): void =>
  shell.notes.line(`There are more rows than ${limit}: raise --limit to see them.`);

/** The id of the query that failed, from the failure of the workflow. */
function failedQuery(error: unknown): string | undefined {
  const failure = error instanceof FailedRun ? innermost(error) : undefined;
  if (!(failure instanceof ApplicationFailure) || failure.type !== 'QUERY_FAILED') return undefined;
  const [details] = (failure.details ?? []) as { context?: { execution?: string } }[];
  return details?.context?.execution;
}

/** Histories hold no words of Athena's, which may quote people's data: they are asked for here. */
async function explained(athena: CommandAthena, error: unknown): Promise<unknown> {
  const query = failedQuery(error);
  const reason = query && (await athena.failure(query).catch(() => null));
  return reason || error;
}

const dollars = (value: number): string => `$${value < 0.01 ? value.toFixed(5) : value.toFixed(2)}`;

const noteCost = (shell: Shell, run: AthenaQueryResult): void =>
  shell.notes.line(
    shell.notes.colors.dim(
      `read ${bytes(run.scannedBytes)}, about ${dollars(run.costUsd)}, ${duration(run.milliseconds / 1000)}`,
    ),
  );

export async function onAthena(
  shell: Shell,
  sql: string,
  { limit, show, ...request }: AthenaOptions,
): Promise<Outcome> {
  const { athena } = await shell.services.openLake(shell.config);
  const { dataset, database, workgroup } = request;
  return withContext(shell, async (context) => {
    const { id, input } = await athena.prepare({ sql, dataset, database, workgroup });
    const workflowId = workflowIds.athenaQuery(id);
    const run = { workflow: 'athenaQuery' as const, workflowId, input, summary: 'Query on Athena' };
    try {
      // Nobody waits for the rows of a query that was left.
      const options = { cancelOnExit: true };
      const { result: done } = await runWorkflow<AthenaQueryResult, 'athenaQuery'>(
        shell,
        context,
        run,
        options,
      );
      const { executionId } = done;
      const found = await athena.results({ executionId, maximumRows: limit });
      if (found.truncated) noteMore(shell, limit);
      noteCost(shell, done);
      return {
        result: { ...found, workflowId, ...done },
        show: (voice) => show(voice, found),
      };
    } catch (error) {
      throw await explained(athena, error);
    }
  });
}
