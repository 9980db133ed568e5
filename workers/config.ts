/** The configuration: one schema, the only reader of the environment, frozen once read. */
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { config as readDotenv } from 'dotenv';
import { z } from 'zod';
import { WatchlakeError } from '../core/errors';
import { PROJECT_ROOT } from '../core/project-root';
import { DEFAULT_PRICE_PER_TB } from '../lakehouse/engines/athena-cost';
import { lakeAddress } from '../lakehouse/lake-folder';
import { DEFAULT_LIMITS } from '../lakehouse/sources/source';
import { CLOUD_VARIABLES } from './cloud-variables';
import { INGEST_VARIABLES } from './ingest-variables';
import { SERVICE_VARIABLES, withCredentials } from './service-variables';
import { flag, formOf, list, port } from './variable-forms';
import { DEFAULT_EVENTS_TOPIC } from '../streaming/topics';

/** Every variable: its form, its default and what it is for. docs/configuration.md is made from it. */
export const VARIABLES = {
  WATCHLAKE_HOME: z
    .string()
    .default('.watchlake')
    .describe('Folder of the embedded stack and the local lake.'),
  WATCHLAKE_CACHE: z
    .string()
    .optional()
    .describe(
      "Folder of downloads, shared between clones. Default: `watchlake` in the user's cache folder.",
    ),
  LAKE_URI: z
    .string()
    .optional()
    .describe(
      'Where the lake lies: a folder, or `s3://bucket/prefix`. Default: `lake` in WATCHLAKE_HOME.',
    ),
  S3_CACHE_FOLDER: z
    .string()
    .optional()
    .describe(
      'Folder of local copies of a lake on S3, and of unfinished work. Default: `s3` in WATCHLAKE_HOME.',
    ),
  S3_CACHE_BYTES: z.coerce
    .number()
    .int()
    .min(1)
    .default(20 * 2 ** 30)
    .describe('Most that the local copies may take, besides those in use.'),
  S3_ENCRYPTION: z
    .enum(['bucket', 'sse-s3', 'sse-kms'])
    .default('bucket')
    .describe(
      "How objects on S3 are encrypted; bucket leaves it to the bucket's own default, which is SSE-S3 at least.",
    ),
  S3_KMS_KEY_ID: z
    .string()
    .optional()
    .describe("Key for sse-kms. Default: the account's own key for S3."),
  S3_BUCKET_OWNER: z
    .string()
    .regex(/^\d{12}$/)
    .optional()
    .describe("Account that the lake's bucket has to belong to; requests fail when it does not."),
  S3_PATH_STYLE: flag
    .default(false)
    .describe(
      'Whether the bucket is named in the path instead of the host name, as most servers other than AWS want it.',
    ),
  CATALOG: z
    .enum(['file', 'glue'])
    .default('file')
    .describe(
      'Where the tables are published: in the lake itself, or in the AWS Glue catalogue, which needs a lake on S3.',
    ),
  GLUE_DATABASE: z
    .string()
    .regex(/^[a-z0-9_{}-]+$/)
    .optional()
    .describe(
      'Database of the Glue catalogue; `{dataset}` in it stands for the dataset. Default: `stedi-human-balance-analytics` for the dataset stedi, else `watchlake_{dataset}`.',
    ),
  ATHENA_WORKGROUP: z
    .string()
    .default('primary')
    .describe('Workgroup of Athena whose limits and place for results hold for queries.'),
  ATHENA_PRICE_PER_TB: z.coerce
    .number()
    .min(0)
    .default(DEFAULT_PRICE_PER_TB)
    .describe('US dollars for each TB that Athena reads, for the cost that is shown.'),

  ...CLOUD_VARIABLES,

  WATCHLAKE_APP_URL: z
    .url()
    .optional()
    .describe(
      'Address under which workers reach the application page; set by `watchlake up` for its own worker.',
    ),
  WATCHLAKE_APP_TOKEN: z
    .string()
    .optional()
    .describe(
      'Token that workers show to the application page; made by `watchlake up` for its own worker.',
    ),
  WATCHLAKE_PSEUDONYM_KEY: z
    .string()
    .min(16)
    .optional()
    .describe(
      'Secret that subject keys are made with. Default: a random one in WATCHLAKE_HOME/secrets. Changing it makes all subjects new ones.',
    ),

  ...SERVICE_VARIABLES,

  EVENTS_TOPIC: z
    .string()
    .regex(/^[a-zA-Z0-9._-]{1,200}$/)
    .default(DEFAULT_EVENTS_TOPIC)
    .describe(
      "Kafka topic of the devices' events; `<topic>.dead-letter` takes those that are none.",
    ),

  APP_HOST: z
    .string()
    .default('127.0.0.1')
    .describe(
      'Address that the application page listens on. Anything but loopback needs APP_TOKENS.',
    ),
  APP_PORT: port
    .optional()
    .describe(
      'Port of the application page. Default: that of the last start, at first 8080; where it is taken, the next free one; 0 takes any free one; a given port that is taken is an error.',
    ),
  APP_TOKENS: z
    .string()
    .optional()
    .describe(
      'Who may use the application page: `<role>:<token>`, comma-separated; roles: reader, annotator, operator. `sha256-<digest>` may stand for the token.',
    ),
  TEMPORAL_PORT: port
    .optional()
    .describe(
      'Port of the embedded Temporal server. Default: that of the last start, at first 7233; where it is taken, the next free one; 0 takes any free one; a given port that is taken is an error.',
    ),
  TEMPORAL_UI_PORT: port
    .optional()
    .describe(
      'Port of its web UI. Default: that of the last start, at first 8233; where it is taken, the next free one; 0 takes any free one; a given port that is taken is an error.',
    ),
  KAFKA_PORT: port
    .optional()
    .describe(
      'Port of the embedded Kafka broker. Default: that of the last start, at first 9092; where it is taken, the next free one; 0 takes any free one; a given port that is taken is an error.',
    ),
  POSTGRES_PORT: port
    .optional()
    .describe(
      'Port of the embedded PostgreSQL. Default: that of the last start, at first 5432; where it is taken, the next free one; 0 takes any free one; a given port that is taken is an error.',
    ),
  METRICS: flag.default(true).describe('Whether the worker serves Prometheus metrics.'),
  METRICS_HOST: z
    .string()
    .default('127.0.0.1')
    .describe("Address that the worker's Prometheus metrics listen on."),
  METRICS_PORT: port
    .optional()
    .describe(
      "Port of the worker's Prometheus metrics. Default: that of the last start, at first 9464; where it is taken, the next free one; 0 takes any free one; a given port that is taken is an error.",
    ),

  ...INGEST_VARIABLES,

  SCHEDULES_FILE: z
    .string()
    .optional()
    .describe(
      'YAML file that declares what runs by itself. Default: `schedules.yaml` of the project.',
    ),
  WORKER_QUEUES: list
    .default(['orchestration', 'data', 'training', 'streaming'])
    .describe('Task queues that a worker process serves.'),
  CLASSIFIER_BACKEND: z
    .enum(['auto', 'tensorflow', 'wasm'])
    .default('auto')
    .describe('TensorFlow.js backend; auto takes TensorFlow when it is installed.'),
  DUCKDB_MEMORY_LIMIT: z
    .string()
    .regex(/^\d+(\.\d+)?\s*(KB|MB|GB|MiB|GiB)$/)
    .default('1GB')
    .describe('Memory that the embedded engine may use.'),
  DUCKDB_THREADS: z.coerce
    .number()
    .int()
    .min(1)
    .max(256)
    .default(2)
    .describe('Threads of the embedded engine.'),
  SPARK_MEMORY: z
    .string()
    .regex(/^\d+[mg]$/)
    .default('1g')
    .describe("Java's memory for the engine Spark on this machine, such as `2g`."),
  SPARK_THREADS: z.coerce
    .number()
    .int()
    .min(1)
    .max(256)
    .default(2)
    .describe('Threads of the engine Spark on this machine.'),
  LABEL_CONFIDENCE: z.coerce
    .number()
    .min(0)
    .max(1)
    .default(0.97)
    .describe('Predictions below this calibrated confidence may be asked of people.'),
  LABEL_AUDIT_SHARE: z.coerce
    .number()
    .min(0)
    .max(1)
    .default(0.1)
    .describe('Share of all windows that may be asked of people whatever the confidence.'),
  LABEL_SEED: z.coerce
    .number()
    .int()
    .min(0)
    .default(0)
    .describe('Seed of the draw of audited windows.'),
  ARCHIVE_LIMIT_BYTES: z.coerce
    .number()
    .int()
    .min(1)
    .default(DEFAULT_LIMITS.memberBytes)
    .describe('Largest size that a member of an archive may inflate to.'),
  ARCHIVE_TOTAL_LIMIT_BYTES: z.coerce
    .number()
    .int()
    .min(1)
    .default(DEFAULT_LIMITS.totalBytes)
    .describe('Largest size that all members of an archive together may inflate to.'),
  DOWNLOAD_LIMIT_BYTES: z.coerce
    .number()
    .int()
    .min(1)
    .default(DEFAULT_LIMITS.downloadBytes)
    .describe('Largest archive that is fetched over http(s) or from S3.'),
  LOG_LEVEL: z
    .enum(['trace', 'debug', 'info', 'warn', 'error'])
    .default('info')
    .describe('Least severe level that is logged.'),
} as const;

const schema = withCredentials(
  z.object(VARIABLES).refine(
    // Glue's tables name files, and nothing that reads Glue finds those of this machine.
    ({ CATALOG, LAKE_URI = '' }) => CATALOG === 'file' || /^s3:/i.test(LAKE_URI),
    { path: ['CATALOG'], error: 'glue needs a lake on S3: set LAKE_URI to s3://…' },
  ),
);

/** What the project declares, of the sample's dataset and model. */
export const PROJECT_SCHEDULES = join(PROJECT_ROOT, 'schedules.yaml');

/** Their defaults depend on the others, or on where the project lies. */
type ComputedDefault = 'WATCHLAKE_CACHE' | 'LAKE_URI' | 'S3_CACHE_FOLDER' | 'SCHEDULES_FILE';

export type Config = Readonly<z.output<typeof schema> & Record<ComputedDefault, string>>;

// Of these a form says nothing that the message does not say better.
const LOOSE_FORMS = new Set(['text', 'comma-separated list']);

/** The form as the reference has it; undefined where the message says more. */
function expected(issue: z.core.$ZodIssue): string | undefined {
  const form = formOf(VARIABLES[issue.path[0] as keyof typeof VARIABLES]);
  const isFraction = issue.code === 'invalid_type' && issue.expected === 'int';
  if (issue.code === 'custom' || isFraction || LOOSE_FORMS.has(form)) return undefined;
  return `expected ${form}`;
}

/** Reads the environment (and `.env` of the working folder); throws CONFIG_INVALID with every bad variable. */
export function loadConfig(environment: NodeJS.ProcessEnv = withDotenv()): Config {
  const given = Object.fromEntries(
    Object.keys(VARIABLES)
      .filter((name) => environment[name] !== undefined && environment[name] !== '')
      .map((name) => [name, environment[name]]),
  );
  const parsed = schema.safeParse(given);
  if (!parsed.success) {
    const problems = parsed.error.issues.map(
      (issue) => `${issue.path.join('.')}: ${expected(issue) ?? issue.message}`,
    );
    throw new WatchlakeError('CONFIG_INVALID', { problems: problems.join('; ') });
  }
  const home = resolve(parsed.data.WATCHLAKE_HOME);
  return Object.freeze({
    ...parsed.data,
    WATCHLAKE_HOME: home,
    WATCHLAKE_CACHE: resolve(parsed.data.WATCHLAKE_CACHE ?? defaultCache(environment)),
    LAKE_URI: lakeAddress(parsed.data.LAKE_URI ?? join(home, 'lake')),
    S3_CACHE_FOLDER: resolve(parsed.data.S3_CACHE_FOLDER ?? join(home, 's3')),
    SCHEDULES_FILE: resolve(parsed.data.SCHEDULES_FILE ?? PROJECT_SCHEDULES),
  });
}

function withDotenv(): NodeJS.ProcessEnv {
  const fromFile: Record<string, string> = {};
  readDotenv({ quiet: true, processEnv: fromFile });
  return { ...fromFile, ...process.env };
}

// An empty variable says nothing: the cache would lie in the working folder.
const defaultCache = (environment: NodeJS.ProcessEnv): string =>
  join(environment.XDG_CACHE_HOME || join(homedir(), '.cache'), 'watchlake');

/** The environment of a process of ours that has to see the same configuration. */
export const environmentOf = (additions: Record<string, string>): NodeJS.ProcessEnv => ({
  ...withDotenv(),
  ...additions,
});
