/** What Athena says of a query, and what follows from it. */
import type { QueryExecution } from '@aws-sdk/client-athena';
import { WatchlakeError } from '../../core/errors';

export interface AthenaStatus {
  readonly executionId: string;
  readonly state: string;
  /** In Athena's words, which may quote values of the query: never for a history. */
  readonly reason: string;
  readonly workgroup: string;
  /** `DML` is what is paid for. */
  readonly statement: string;
  readonly scannedBytes: number;
  readonly milliseconds: number;
}

export function statusOf({
  QueryExecutionId = '',
  Status,
  Statistics,
  StatementType = 'DML',
  WorkGroup = 'primary',
}: QueryExecution): AthenaStatus {
  return {
    executionId: QueryExecutionId,
    state: Status?.State ?? 'QUEUED',
    reason: Status?.AthenaError?.ErrorMessage ?? Status?.StateChangeReason ?? '',
    workgroup: WorkGroup,
    statement: StatementType,
    scannedBytes: Statistics?.DataScannedInBytes ?? 0,
    milliseconds: Statistics?.TotalExecutionTimeInMillis ?? 0,
  };
}

export type Verdict = 'wait' | 'done' | 'failed' | 'too-large';

/** A state that nobody knows is waited for: the activity's timeout ends that. */
export function classifyQuery({ state, reason }: AthenaStatus): Verdict {
  if (state === 'SUCCEEDED') return 'done';
  if (state === 'CANCELLED' && /bytes scanned limit/i.test(reason)) return 'too-large';
  if (state === 'FAILED' || state === 'CANCELLED') return 'failed';
  return 'wait';
}

/** For a query that will give no result; `detail` only where no history keeps it. */
export function queryFailure(status: AthenaStatus, detail?: string): WatchlakeError | null {
  const { executionId: execution, state, workgroup } = status;
  const verdict = classifyQuery(status);
  if (verdict === 'too-large')
    return new WatchlakeError('QUERY_TOO_LARGE', { execution, workgroup });
  if (verdict !== 'failed') return null;
  return new WatchlakeError('QUERY_FAILED', { execution, state, detail });
}
