/** Steps of a query on Athena: start it once, follow it, stop it. */
import { Context } from '@temporalio/activity';
import type { AthenaClient } from '@aws-sdk/client-athena';
import { isWatchlakeError, WatchlakeError } from '../core/errors';
import { contentHash } from '../core/hash';
import { followQuery, startQuery, stopQuery } from '../lakehouse/engines/athena';
import { athenaCost } from '../lakehouse/engines/athena-cost';
import { queryFailure } from '../lakehouse/engines/athena-status';
import { withoutQuotes } from '../core/without-values';
import type { Lake } from '../lakehouse/lake';
import { alive } from './alive';
import { asActivities } from './as-activities';

export interface AthenaDeps {
  readonly lake: Lake;
  /** Opened when the first query needs it. */
  readonly athena: () => AthenaClient;
}

export interface QueryOutcome {
  readonly scannedBytes: number;
  readonly costUsd: number;
  readonly milliseconds: number;
}

const TOKEN_CHARACTERS = 64;

/** The same for every attempt of one run, and another one for the next run: no old failure comes back. */
const tokenOf = (sqlKey: string): string => {
  const { workflowExecution } = Context.current().info;
  return contentHash({ sqlKey, run: workflowExecution?.runId }, TOKEN_CHARACTERS);
};

/** What Athena quotes of the query may be about people, and a failure is kept in a history. */
function unquoted(error: unknown): unknown {
  if (!isWatchlakeError(error) || error.code !== 'QUERY_INVALID') return error;
  const detail = withoutQuotes(String(error.context['detail']));
  return new WatchlakeError('QUERY_INVALID', { detail });
}

export function createAthenaActivities({ lake, athena }: AthenaDeps) {
  return asActivities({
    // Safe to retry: Athena starts one query for each token.
    async startAthenaQuery(input: {
      sqlKey: string;
      database: string;
      workgroup: string;
    }): Promise<{ executionId: string }> {
      const { sqlKey, database, workgroup } = input;
      const sql = (await lake.store.get(sqlKey)).toString('utf8');
      const query = { sql, database, workgroup, token: tokenOf(sqlKey) };
      const executionId = await startQuery(athena(), query).catch((error: unknown) => {
        throw unquoted(error);
      });
      return { executionId };
    },

    // Safe to retry: it only looks.
    async followAthenaQuery(input: {
      executionId: string;
      pricePerTb: number;
    }): Promise<QueryOutcome> {
      const { signal, report } = alive();
      const status = await followQuery(athena(), input.executionId, {
        signal,
        onStatus: ({ state, scannedBytes }) => report({ state, scannedBytes }),
      });
      const failure = queryFailure(status);
      if (failure !== null) throw failure;
      const { scannedBytes, milliseconds } = status;
      return { scannedBytes, milliseconds, costUsd: athenaCost(status, input.pricePerTb) };
    },

    // Safe to retry: a query that has ended stays as it is.
    async stopAthenaQuery(input: { executionId: string }): Promise<{ stopped: true }> {
      await stopQuery(athena(), input.executionId);
      return { stopped: true };
    },

    // Safe to retry: removing what is not there is no error.
    async forgetQuery(input: { sqlKey: string }): Promise<{ forgotten: true }> {
      await lake.store.remove(input.sqlKey);
      return { forgotten: true };
    },
  });
}

export type AthenaActivities = ReturnType<typeof createAthenaActivities>;
