/** Queries on Athena for the command line: the text goes to the lake, the rows come from Athena. */
import { AthenaClient } from '@aws-sdk/client-athena';
import { awsClientConfig } from '../core/aws';
import { WatchlakeError } from '../core/errors';
import { contentHash } from '../core/hash';
import { glueDatabases } from '../lakehouse/catalogs/glue-databases';
import { queryStatus, refuseWriting } from '../lakehouse/engines/athena';
import { athenaResults } from '../lakehouse/engines/athena-results';
import { queryFailure } from '../lakehouse/engines/athena-status';
import type { Lake } from '../lakehouse/lake';
import type { QueryResult } from '../lakehouse/ports';
import { queryTextKey } from '../lakehouse/query-texts';
import type { Config } from './config';

export interface AthenaRequest {
  readonly sql: string;
  /** Names the database; one of the two is needed. */
  readonly dataset?: string;
  readonly database?: string;
  readonly workgroup?: string;
}

/** The input of the workflow, in which the text of the query does not appear. */
export interface PreparedQuery {
  readonly sqlKey: string;
  readonly database: string;
  readonly workgroup: string;
  readonly pricePerTb: number;
}

export interface CommandAthena {
  /** QUERY_INVALID for what writes; the id is the same for the same query. */
  prepare(request: AthenaRequest): Promise<{ id: string; input: PreparedQuery }>;
  results(request: { executionId: string; maximumRows: number }): Promise<QueryResult>;
  /** Why it failed, in Athena's words; null when it did not. */
  failure(executionId: string): Promise<WatchlakeError | null>;
}

let client: AthenaClient | undefined;

/** One for the process, opened when the first query needs it. */
export const athenaClient = (): AthenaClient => (client ??= new AthenaClient(awsClientConfig()));

function databaseOf({ dataset, database }: AthenaRequest, config: Config): string {
  if (database !== undefined) return database;
  if (dataset !== undefined) return glueDatabases(config.GLUE_DATABASE).of(dataset);
  const detail = 'Athena needs to know where the tables are: give --dataset or --database';
  throw new WatchlakeError('USAGE_INVALID', { detail });
}

export function commandAthena(config: Config, lake: Lake): CommandAthena {
  return {
    async prepare(request) {
      const { sql, workgroup = config.ATHENA_WORKGROUP } = request;
      refuseWriting(sql);
      const database = databaseOf(request, config);
      const id = contentHash({ sql, database, workgroup });
      const sqlKey = queryTextKey(id);
      await lake.store.put(sqlKey, sql);
      const pricePerTb = config.ATHENA_PRICE_PER_TB;
      return { id, input: { sqlKey, database, workgroup, pricePerTb } };
    },
    results: (request) => athenaResults(athenaClient(), request),
    async failure(executionId) {
      const status = await queryStatus(athenaClient(), executionId);
      return queryFailure(status, status.reason);
    },
  };
}
