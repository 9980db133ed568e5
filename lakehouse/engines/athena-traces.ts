/** What Athena itself keeps of queries: their texts, which nobody can remove, and where their results went. */
import {
  BatchGetQueryExecutionCommand,
  GetQueryExecutionCommand,
  paginateListQueryExecutions,
  type AthenaClient,
  type QueryExecution,
} from '@aws-sdk/client-athena';
import { awsError, callingAws, isAwsError } from '../../core/aws';
import { createFinder, type Needles } from '../../core/needles';

// As Athena documents it.
const KEPT_DAYS = 45;
const DAY_MS = 86_400_000;
const AT_ONCE = 50;
const FOLDERS_NAMED = 20;

export interface AthenaTraces {
  readonly workgroup: string;
  /** Those that Athena still knows. */
  readonly queries: number;
  /** Whose text names the person. */
  readonly naming: number;
  /** When Athena has forgotten the last of these; null without any. */
  readonly forgottenBy: string | null;
  /** Folders with results that lie outside the lake, where nobody has looked. */
  readonly resultsElsewhere: readonly string[];
}

export interface AthenaSearch {
  readonly workgroup: string;
  readonly needles: Needles;
  /** Address of the lake: results below it are objects like all others. */
  readonly lakeUri: string;
  readonly signal?: AbortSignal;
}

// Athena's words for one that it has forgotten; another wrong request may not be passed over.
const FORGOTTEN = /\bnot found\b/;

/** Null for one that Athena has forgotten since it was listed. */
async function executionNamed(
  athena: AthenaClient,
  QueryExecutionId: string | undefined,
): Promise<QueryExecution | null> {
  const request = new GetQueryExecutionCommand({ QueryExecutionId });
  try {
    return (await athena.send(request)).QueryExecution ?? null;
  } catch (error) {
    const said = isAwsError(error, 'InvalidRequestException') ? (error as Error).message : '';
    if (FORGOTTEN.test(said)) return null;
    throw awsError(error, 'athena:GetQueryExecution');
  }
}

/** Of a batch Athena may leave some out, such as when it is busy: those are asked for one by one. */
async function executionsNamed(
  athena: AthenaClient,
  ids: readonly string[],
): Promise<QueryExecution[]> {
  const request = new BatchGetQueryExecutionCommand({ QueryExecutionIds: [...ids] });
  const { QueryExecutions = [], UnprocessedQueryExecutionIds = [] } = await callingAws(
    'athena:BatchGetQueryExecution',
    () => athena.send(request),
  );
  const found = [...QueryExecutions];
  for (const { QueryExecutionId } of UnprocessedQueryExecutionIds) {
    const execution = await executionNamed(athena, QueryExecutionId);
    if (execution !== null) found.push(execution);
  }
  return found;
}

async function* executionsOf(
  athena: AthenaClient,
  { workgroup, signal }: AthenaSearch,
): AsyncGenerator<QueryExecution[]> {
  const listing = paginateListQueryExecutions(
    { client: athena, pageSize: AT_ONCE },
    { WorkGroup: workgroup },
  );
  try {
    for await (const { QueryExecutionIds = [] } of listing) {
      signal?.throwIfAborted();
      for (let from = 0; from < QueryExecutionIds.length; from += AT_ONCE) {
        const ids = QueryExecutionIds.slice(from, from + AT_ONCE);
        yield await executionsNamed(athena, ids);
      }
    }
  } catch (error) {
    throw awsError(error, 'athena:ListQueryExecutions');
  }
}

const textOf = ({ Query = '', ExecutionParameters = [] }: QueryExecution): string =>
  [Query, ...ExecutionParameters].join('\n');

const folderOf = ({ ResultConfiguration }: QueryExecution): string => {
  const { OutputLocation = '' } = ResultConfiguration ?? {};
  return OutputLocation.slice(0, OutputLocation.lastIndexOf('/') + 1);
};

/** Looks at every query of the workgroup that Athena still knows. AWS_DENIED names the right that is missing. */
export async function athenaTraces(
  athena: AthenaClient,
  search: AthenaSearch,
): Promise<AthenaTraces> {
  const isNaming = createFinder(search.needles);
  const elsewhere = new Set<string>();
  const lake = search.lakeUri.replace(/\/*$/, '/');
  let [queries, naming, lastMs] = [0, 0, 0];
  for await (const executions of executionsOf(athena, search)) {
    for (const execution of executions) {
      queries += 1;
      const folder = folderOf(execution);
      if (folder !== '' && !folder.startsWith(lake)) elsewhere.add(folder);
      if (!isNaming(textOf(execution))) continue;
      naming += 1;
      lastMs = Math.max(lastMs, Number(execution.Status?.SubmissionDateTime ?? Date.now()));
    }
  }
  return {
    ...{ workgroup: search.workgroup, queries, naming },
    forgottenBy: naming === 0 ? null : new Date(lastMs + KEPT_DAYS * DAY_MS).toISOString(),
    resultsElsewhere: [...elsewhere].sort().slice(0, FOLDERS_NAMED),
  };
}
