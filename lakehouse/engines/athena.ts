/** Queries on Athena: started once, followed, stopped. */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  GetQueryExecutionCommand,
  StartQueryExecutionCommand,
  StopQueryExecutionCommand,
  type AthenaClient,
} from '@aws-sdk/client-athena';
import { awsError, callingAws, isAwsError } from '../../core/aws';
import { WatchlakeError } from '../../core/errors';
import { classifyQuery, statusOf, type AthenaStatus } from './athena-status';

export interface AthenaQuery {
  readonly sql: string;
  readonly database: string;
  readonly workgroup: string;
  /** The same one starts no second query; 32 to 128 characters. */
  readonly token: string;
}

// Comments and opening brackets may come before the first word.
const BEFORE = /^(\s|\(|--[^\n]*(\n|$)|\/\*[\s\S]*?\*\/)+/;
const EXPLAIN = /^explain(\s+analyze)?(\s*\([^)]*\))?/i;
const READING = /^(select|with|values|table|show|describe|desc)\b/i;

/** QUERY_INVALID for what is not one reading statement; rights decide, this only spares a mistake. */
export function refuseWriting(sql: string): void {
  const start = sql.replace(BEFORE, '').replace(EXPLAIN, '').replace(BEFORE, '');
  if (READING.test(start)) return;
  const detail = 'it does not begin with SELECT, WITH, VALUES, SHOW, DESCRIBE or EXPLAIN';
  throw new WatchlakeError('QUERY_INVALID', { detail });
}

/** Gives the id of the query, of the one that runs already when it was started before. */
export async function startQuery(
  athena: AthenaClient,
  { sql, database, workgroup, token }: AthenaQuery,
): Promise<string> {
  refuseWriting(sql);
  const request = new StartQueryExecutionCommand({
    QueryString: sql,
    QueryExecutionContext: { Database: database },
    WorkGroup: workgroup,
    ClientRequestToken: token,
  });
  try {
    return (await athena.send(request)).QueryExecutionId as string;
  } catch (error) {
    const translated = awsError(error, 'athena:StartQueryExecution');
    if (!isAwsError(error, 'InvalidRequestException')) throw translated;
    throw new WatchlakeError('QUERY_INVALID', { detail: (error as Error).message }, error);
  }
}

export async function queryStatus(
  athena: AthenaClient,
  executionId: string,
): Promise<AthenaStatus> {
  const request = new GetQueryExecutionCommand({ QueryExecutionId: executionId });
  const { QueryExecution } = await callingAws('athena:GetQueryExecution', () =>
    athena.send(request),
  );
  return statusOf({ QueryExecutionId: executionId, ...QueryExecution });
}

/** A query that has ended stays as it is. */
export async function stopQuery(athena: AthenaClient, executionId: string): Promise<void> {
  const request = new StopQueryExecutionCommand({ QueryExecutionId: executionId });
  await callingAws('athena:StopQueryExecution', () => athena.send(request));
}

export interface Pace {
  readonly firstMs: number;
  readonly growth: number;
  readonly longestMs: number;
}

const PACE: Pace = { firstMs: 300, growth: 1.5, longestMs: 5_000 };

export interface FollowOptions {
  readonly signal?: AbortSignal;
  readonly onStatus?: (status: AthenaStatus) => void;
  readonly pace?: Pace;
}

/** Looks again and again, less and less often, until the query has ended in whatever way. */
export async function followQuery(
  athena: AthenaClient,
  executionId: string,
  { signal, onStatus, pace = PACE }: FollowOptions = {},
): Promise<AthenaStatus> {
  let waitMs = pace.firstMs;
  for (;;) {
    signal?.throwIfAborted();
    const status = await queryStatus(athena, executionId);
    onStatus?.(status);
    if (classifyQuery(status) !== 'wait') return status;
    await sleep(waitMs, undefined, { signal });
    waitMs = Math.min(pace.longestMs, waitMs * pace.growth);
  }
}
