/** Errors of: services that we only call: AWS, Temporal, databases. */
import { catalogue, entry } from './entry';

export const SERVICES_ERRORS = catalogue({
  // Amazon Web Services
  AWS_UNAVAILABLE: entry(
    (c) => `AWS does not answer ${c.action} now: ${c.detail}`,
    'It passes by itself more often than not; a limit of the account that is met again and again has to be raised.',
    { retryable: true, status: 503 },
  ),
  AWS_DENIED: entry(
    (c) => `AWS does not allow ${c.action}: ${c.detail}`,
    'Check the credentials (AWS_PROFILE, AWS_REGION) and the policy of the role; docs/aws.md says what each statement is for.',
  ),
  AWS_REFUSED: entry(
    (c) => `AWS refused ${c.action}: ${c.detail}`,
    'The message says what to correct; docs/aws.md describes the set-up.',
  ),
  BUCKET_NOT_FOUND: entry(
    (c) => `There is no bucket ${c.bucket}.`,
    'Correct LAKE_URI or the source, or make the bucket: `watchlake provision apply`.',
  ),
  BUCKET_ELSEWHERE: entry(
    (c) => `The bucket ${c.bucket} lies in ${c.region}.`,
    'Give that region with --region, or choose another name: one bucket of a name is all there is, in all regions.',
  ),
  CATALOG_TABLE_FOREIGN: entry(
    (c) => `The table ${c.database}.${c.table} of the Glue catalogue ${c.detail}.`,
    'Give another GLUE_DATABASE, or remove the table when nobody needs it, as a source either; Watchlake changes no table that is not its own.',
  ),
  CATALOG_SOURCE_UNUSABLE: entry(
    (c) => `The Glue table ${c.database}.${c.table} cannot be read as a source: ${c.detail}`,
    'Name another table, as in `--source glue://raw?step_trainer=steps`, or give the folder of the files: `--source s3://…`.',
  ),
  QUERY_FAILED: entry(
    (c) => `The query ${c.execution} ended as ${c.state}${c.detail ? `: ${c.detail}` : '.'}`,
    'Correct the query; what Athena says of it stands in its history under this id.',
    { status: 400 },
  ),
  QUERY_TOO_LARGE: entry(
    (c) => `The query was stopped: it reads more than the workgroup ${c.workgroup} allows.`,
    'Read fewer columns or partitions, or raise the limit: `watchlake provision apply --query-limit`.',
    { status: 400 },
  ),
  RESOURCE_FOREIGN: entry(
    (c) => `${c.resource} exists already and does not belong to the environment ${c.environment}.`,
    'Choose another name; Watchlake changes and removes only what carries its own tags.',
  ),
  RESOURCE_HOLDS_DATA: entry(
    (c) => `The ${c.resource} was not removed: it holds ${c.what}.`,
    'Add --delete-data when all of it, every version, is to be removed for good; where that was given, stop what still writes there, and repeat the command.',
  ),
  // Spark
  SQL_FAILED: entry(
    (c) => `DuckDB cannot run the SQL: ${c.detail}`,
    'Look at the rows that the table is made of (`watchlake query`); where they are as they should be, it is a fault of Watchlake.',
  ),
  SPARK_FAILED: entry(
    (c) => `Spark could not run ${c.name}: ${c.detail}`,
    "Spark's log in the folder logs has more; when memory is short, raise SPARK_MEMORY.",
  ),
  SPARK_LOST: entry(
    (c) => `Spark ended before its work was done: ${c.detail}`,
    'It is started again by itself; when it ends again and again, read its log and raise SPARK_MEMORY.',
    { retryable: true },
  ),
  // Engines that AWS runs
  ENGINE_NEEDS_S3: entry(
    (c) => `The engine ${c.engine} reads and writes S3 alone, and the lake is at ${c.lake}.`,
    'Set LAKE_URI to s3://… as docs/aws.md shows, or take the engine duckdb or spark.',
  ),
  CLUSTER_FAILED: entry(
    (c) => `The cluster ${c.cluster} of EMR ended before its work was done: ${c.reason}`,
    'Correct the variable that the reason is about (EMR_…) and run the command again; what was published stays.',
  ),
  JOB_FAILED: entry(
    (c) =>
      `${c.service} could not run ${c.name}${c.id ? ` (${c.place}, ${c.id})` : ''}: ${c.detail}`,
    'The message is the root cause; the log of the step, under EMR_LOG_URI or in the console of Glue, has the rest.',
  ),
  JOB_LOST: entry(
    (c) => `${c.service} lost ${c.name ?? 'a job'} (${c.id}) again and again: ${c.detail}`,
    'Run the command again later; with EMR_TASK_SPOT=false no instance is taken away. Where a service quota is the reason, have it raised: Service Quotas of the AWS console.',
  ),
  JOB_STOPPED: entry(
    (c) => `The job ${c.id} was stopped: ${c.why}.`,
    'Run the command again when that was not meant; what was published stays.',
  ),
  JOBS_AT_LIMIT: entry(
    (c) => `${c.service} runs as many jobs as it may, for hours by now: ${c.detail}`,
    'Run the command again when other jobs have ended, or have the limit raised: Service Quotas of the AWS console, of AWS Glue concurrent job runs and DPUs, of Amazon EC2 the vCPUs of running instances. With fewer GLUE_WORKERS, or smaller types in EMR_…_TYPE, it needs less of them.',
  ),
  // Temporal and databases
  TEMPORAL_UNAVAILABLE: entry(
    (c) => `Temporal does not answer: ${c.detail}`,
    'Start it, or correct TEMPORAL_ADDRESS and its TLS variables; without that address `watchlake up` starts one of its own. `watchlake doctor` checks it.',
    { retryable: true, status: 503 },
  ),
  DATABASE_UNAVAILABLE: entry(
    (c) => `PostgreSQL does not answer: ${c.detail}`,
    'Start it, or correct DATABASE_URL; without that variable `watchlake up` starts one of its own.',
    { retryable: true, status: 503 },
  ),
  DATABASE_REFUSED: entry(
    (c) => `PostgreSQL refuses: ${c.detail}`,
    'Correct the user, the password or the database in DATABASE_URL, its `sslmode` and `sslrootcert`, or give that user the right.',
    { retryable: true, status: 503 },
  ),
  DATABASE_OLDER: entry(
    (c) => `The database lacks migrations that this version needs: ${c.names}.`,
    'Run `watchlake migrate`, or `watchlake down` and `watchlake up`, which does it as well; workers elsewhere start after that.',
  ),
  DATABASE_NEWER: entry(
    (c) => `The database has migrations that this version does not know: ${c.names}.`,
    'Use the version of Watchlake that made them, or a newer one.',
  ),
});
