/** The catalogue of errors: one code each, with a message that says what is wrong and a remedy. */

interface ErrorEntry {
  readonly retryable: boolean;
  /** The status that an HTTP door answers with, 500 when absent. */
  readonly status?: number;
  readonly message: (facts: Facts) => string;
  readonly remedy: string;
}

/** The context's values as text, as the messages quote them. */
type Facts = Readonly<Record<string, string | undefined>>;

/** Plain facts that the message quotes: names, paths, line numbers, counts; never personal data. */
export type ErrorContext = Readonly<Record<string, unknown>>;

const entry = (
  message: ErrorEntry['message'],
  remedy: string,
  options: { retryable?: boolean; status?: number } = {},
): ErrorEntry => ({ retryable: false, ...options, message, remedy });

/** Every code that the project throws. docs/errors.md is generated from it. */
export const ERRORS = {
  // Configuration and the machine
  CONFIG_INVALID: entry(
    (c) => `The configuration is not valid: ${c.problems}`,
    'Correct the variables named above; docs/configuration.md lists them all.',
  ),
  PORT_TAKEN: entry(
    (c) => `Port ${c.port} for ${c.service} is taken.`,
    'Free the port, or leave it unset to let Watchlake choose the next free one.',
  ),
  TOOL_MISSING: entry(
    (c) => `${c.tool} was not found${c.detail ? `: ${c.detail}` : '.'}`,
    'Install it, or give the address of a running service; `watchlake doctor` names the variable.',
  ),
  DOWNLOAD_FAILED: entry(
    (c) => `${c.what} could not be downloaded: ${c.detail}`,
    'Check the network, or point to an installed copy; `watchlake doctor` names the variable.',
    { retryable: true },
  ),
  CHECKSUM_MISMATCH: entry(
    (c) => `${c.what} has SHA-256 ${c.actual}, expected ${c.expected}.`,
    'Remove the cached file and try again; if it happens again, do not use the file.',
  ),
  STACK_NOT_RUNNING: entry(
    (c) => `${c.what ?? 'The stack'} is not running.`,
    'Start it with `watchlake up`.',
  ),
  STACK_BUSY: entry(
    (c) => `Process ${c.holder} holds ${c.lock}.`,
    'It is starting or stopping the same stack; wait until it has ended and try again.',
    { retryable: true },
  ),
  STACK_FAILED: entry(
    (c) => `${c.service} did not start: ${c.detail}`,
    'Read the log named above; `watchlake doctor` checks the machine.',
  ),
  // Input of a workflow or a command
  INPUT_INVALID: entry(
    (c) => `${c.field}: ${c.detail}`,
    'Correct the field; the documentation of the command lists them.',
    { status: 400 },
  ),
  // Commands and runs
  USAGE_INVALID: entry(
    (c) => `${c.detail}`,
    'Add --help to the command: it lists the options and shows an example.',
  ),
  CONFIRMATION_NEEDED: entry((c) => `${c.what}`, 'Add --yes when that is what you want.'),
  INTERRUPTED: entry(
    (c) =>
      `${c.what} goes on without this command.${c.command ? ` Come back with: ${c.command}` : ''}`,
    'See its result with `watchlake attach <workflow id>`; started with --cancel-on-exit, Ctrl-C cancels it.',
  ),
  RUN_DIFFERS: entry(
    (c) => `${c.workflow} runs already, with other inputs (${c.fields}).`,
    'Wait for it (`watchlake attach <workflow id>`), cancel it, or give the same inputs to join it.',
  ),
  RUN_NOT_FOUND: entry(
    (c) => `There is no workflow ${c.workflow}.`,
    '`watchlake status` lists those that run; the web UI has the finished ones as well.',
  ),
  SCHEDULE_NOT_FOUND: entry(
    (c) => `There is no schedule ${c.schedule}.`,
    '`watchlake schedules list` shows them; `watchlake schedules apply` creates the declared ones.',
  ),
  RUN_FAILED: entry(
    (c) => `${c.workflow} failed: ${c.detail}`,
    'The web UI shows the step that failed; the log of the worker has the details.',
  ),
  RUN_STOPPED: entry(
    (c) => `${c.workflow} was ${c.how} before it was finished.`,
    'Run the command again: what was published stays, and it goes on from there.',
  ),
  UNEXPECTED: entry(
    (c) => `${c.detail}`,
    'Set LOG_LEVEL=debug to see where it happened; the log of the worker may say more.',
  ),
  // Backups
  BACKUP_INVALID: entry(
    (c) => `${c.source} is not a complete backup: ${c.detail}`,
    'Use another backup; nothing was restored.',
  ),
  TARGET_EXISTS: entry(
    (c) => `${c.target} exists already.`,
    'Give another folder; `restore --force` moves what is there aside and keeps it.',
  ),
  // Archives and formats
  SOURCE_NOT_FOUND: entry(
    (c) => `${c.source} does not exist.`,
    'Check the path; a relative path starts at the folder where the command runs.',
  ),
  ARCHIVE_EMPTY: entry(
    (c) => `${c.source} holds no recordings.`,
    'Pack recordings.csv and recordings/<recording>.csv; docs/formats.md shows the layout.',
  ),
  ARCHIVE_CORRUPT: entry(
    (c) => `${c.source} cannot be read as a zip archive: ${c.detail}`,
    'Make the archive again; `unzip -t` tests it.',
  ),
  ARCHIVE_MEMBER_UNSAFE: entry(
    (c) => `${c.source} has the member ${c.member}, whose name leaves the archive's folder.`,
    'Make the archive again with relative names and without `..`.',
  ),
  ARCHIVE_MEMBER_DUPLICATE: entry(
    (c) => `${c.source} has the member ${c.member} twice.`,
    'Keep one of the two.',
  ),
  ARCHIVE_TOO_LARGE: entry(
    (c) => `${c.source}: ${c.member} inflates to more than ${c.limit} bytes.`,
    'Raise the limit if the archive is to be trusted.',
  ),
  COLUMN_MISSING: entry(
    (c) => `${c.file}, line 1: the column ${c.column} is missing (found: ${c.found}).`,
    'Add the column; docs/formats.md lists those of the format.',
  ),
  METADATA_INVALID: entry(
    (c) => `${c.file}, line ${c.line}: ${c.detail}`,
    'Correct the line; docs/formats.md describes the file.',
  ),
  CSV_MALFORMED: entry(
    (c) => `${c.file}, line ${c.line}: ${c.detail}`,
    'Correct the line: each row needs as many fields as the header, quotes closed.',
  ),
  CHANNELS_DIFFER: entry(
    (c) => `${c.source} has the channels ${c.found}, the dataset ${c.dataset} has ${c.expected}.`,
    'Ingest it under another dataset name, or give it the same channels.',
  ),
  SOURCE_CHANGED: entry(
    (c) => `${c.source} has changed since it was opened.`,
    'Start the ingest again when nothing writes to it any more.',
  ),
  RECORDING_DIFFERS: entry(
    (c) =>
      `${c.file}, line ${c.line}: the dataset ${c.dataset} already has a recording ${c.recording} with other content.`,
    'Give the new recording another id, or ingest the archive under another dataset name.',
  ),
  INGEST_OVERLAPS: entry(
    (c) => `Another ingest landed the recording ${c.recording} of ${c.dataset} in the meantime.`,
    'Run the ingest again: it lands what is still missing.',
  ),
  SUBJECT_KEY_CHANGED: entry(
    (c) =>
      `The dataset ${c.dataset} was landed with another subject key: its people would get new pseudonyms.`,
    'Restore the key (secrets/ in the state folder, or the configured one), or use another dataset name.',
  ),
  // Lake, tables and catalogue
  STORE_FULL: entry(
    (c) => `No space is left while writing ${c.key}.`,
    'Free some space (`watchlake vacuum` removes old snapshots) and run the command again: it resumes.',
    { retryable: false },
  ),
  OBJECT_NOT_FOUND: entry(
    (c) => `The lake has no object ${c.key}.`,
    'It may have been removed by hand; run the refresh again.',
  ),
  OBJECT_EXISTS: entry(
    (c) => `The lake already has the object ${c.key}.`,
    'Another run has written it.',
    { retryable: false },
  ),
  DATASET_NOT_FOUND: entry(
    (c) => `There is no dataset ${c.dataset}.`,
    'Ingest one first: `watchlake ingest <archive> --dataset <name>`.',
  ),
  TABLE_NOT_FOUND: entry(
    (c) => `There is no published table ${c.table} in the dataset ${c.dataset}.`,
    'Refresh the dataset first: `watchlake refresh <dataset>`.',
  ),
  CHECK_FAILED: entry(
    (c) => `The table ${c.table} failed its checks: ${c.broken}. Nothing was published.`,
    'Correct the rows in the source and refresh again; docs/formats.md explains the checks. What was published before stays.',
  ),
  CATALOG_CONFLICT: entry(
    (c) => `The catalogue entry of ${c.table} was moved by another run.`,
    'Run it again.',
    { retryable: true },
  ),
  QUERY_INVALID: entry(
    (c) => `The query cannot be run: ${c.detail}`,
    'Only reading statements over published tables are allowed; see `watchlake query --help`.',
    { status: 400 },
  ),
  // Models
  LABELS_UNKNOWN: entry(
    (c) =>
      `The data have the label ${c.label}, which the model ${c.model} does not know (known: ${c.known}).`,
    'Train a new model with all labels, or correct the label.',
  ),
  TRAINING_DATA_INSUFFICIENT: entry(
    (c) => `There is not enough to train on: ${c.detail}`,
    'Ingest more labelled recordings.',
  ),
  LEAKAGE_FOUND: entry(
    (c) =>
      `The split leaks: the nearest neighbour on the timestamp alone scores ${c.score} (limit ${c.limit}).`,
    'Split by subject, and check that training and test do not share recordings.',
  ),
  FEATURE_SCHEMA_DIFFERS: entry(
    (c) => `The model was trained on the feature schema ${c.expected}, the data have ${c.found}.`,
    'Train a new version on the present features.',
  ),
  FEATURES_INVALID: entry(
    (c) => `The features of a window cannot be used: ${c.detail}.`,
    'Remove windows with missing values; the refresh quarantines such samples.',
  ),
  ARTEFACT_INVALID: entry(
    (c) => `The stored classifier cannot be used: ${c.detail}.`,
    'Train a new version, or restore the lake from a backup.',
  ),
  MODEL_NOT_FOUND: entry(
    (c) => `There is no model ${c.model}${c.version ? ` version ${c.version}` : ''}.`,
    'Train one: `watchlake train`; `watchlake models list` shows what there is.',
  ),
  NO_CHAMPION: entry(
    (c) => `The model ${c.model} has no champion.`,
    'Promote a version: `watchlake models promote <model> <version>`.',
  ),
  ALIAS_MOVED: entry(
    (c) => `The alias ${c.alias} of ${c.model} points at ${c.actual}, not at ${c.expected}.`,
    'Somebody else moved it; look at `watchlake models show` and decide again.',
  ),
  LEASE_HELD: entry(
    (c) => `${c.name} is held by ${c.holder}.`,
    'Wait for the other run, or cancel it.',
  ),
  NO_PREVIOUS_CHAMPION: entry(
    (c) => `The alias ${c.alias} of ${c.model} has no earlier version to go back to.`,
    'Look at `watchlake models show`; promote a version by its number instead.',
  ),
  SPLIT_FROZEN: entry(
    (c) => `The split of ${c.dataset} with seed ${c.seed} is frozen and has other subjects.`,
    'Use another seed for a new split; scores of the two do not compare.',
  ),
  // Streams
  BROKER_UNAVAILABLE: entry(
    (c) => `Kafka does not answer at ${c.brokers}: ${c.detail}`,
    'Start it, or correct KAFKA_BROKERS.',
    { retryable: true },
  ),
  TOPIC_MISMATCH: entry(
    (c) => `The topic ${c.topic} has ${c.actual} partitions, expected ${c.expected}.`,
    'Use the partition count that the topic was made with.',
  ),
  PRODUCER_FENCED: entry(
    (c) => `Another process has taken over${c.owner ? ` ${c.owner}` : ''}.`,
    'Nothing has to be done: the newer process carries on where this one stopped.',
    { retryable: true },
  ),
  PREDICTOR_STOPPED: entry(
    (c) => `The predictor of ${c.model} was stopped while it was needed.`,
    'Start the loop again; it goes on where it was.',
  ),
  BATCH_UNREADABLE: entry(
    (c) => `A batch of samples cannot be read: ${c.detail}`,
    'It went to the dead-letter topic; correct the producer.',
  ),
  // Label tasks and HTTP doors
  TASK_NOT_FOUND: entry((c) => `There is no label task ${c.task}.`, 'Ask for the next task.', {
    status: 404,
  }),
  TASK_LEASE_LOST: entry(
    (c) => `The label task ${c.task} is no longer yours.`,
    'Ask for the next task.',
    { status: 409 },
  ),
  LABEL_UNKNOWN: entry(
    (c) => `The label ${c.label} is not one of ${c.known}.`,
    "Use one of the campaign's labels.",
    { status: 400 },
  ),
  TASK_ANSWERED: entry(
    (c) => `The label task ${c.task} has another answer already.`,
    'Ask for the next task; the first answer counts.',
    { status: 409 },
  ),
  CAMPAIGN_NOT_FOUND: entry(
    (c) => `There is no campaign ${c.campaign}.`,
    'The home page of the application lists the campaigns.',
    { status: 404 },
  ),
  CAMPAIGN_CLOSED: entry(
    (c) => `The campaign ${c.campaign} is closed.`,
    'Answer in an open campaign; the home page lists them.',
    { status: 409 },
  ),
  CAMPAIGN_DIFFERS: entry(
    (c) => `The campaign ${c.campaign} was opened with another ${c.field}.`,
    'Give the new campaign its own name.',
    { status: 409 },
  ),
  ROUTE_NOT_FOUND: entry(
    (c) => `There is nothing at ${c.method} ${c.path}.`,
    'The home page lists what there is.',
    { status: 404 },
  ),
  BODY_TOO_LARGE: entry(
    (c) => `The request is larger than ${c.limit} bytes.`,
    'Send it in smaller parts.',
    { status: 413 },
  ),
  BODY_NOT_JSON: entry(
    (c) => `The request's body cannot be read: ${c.detail}`,
    'Send JSON with `Content-Type: application/json`.',
    { status: 415 },
  ),
  RATE_LIMITED: entry(
    (c) => `More than ${c.limit} requests a minute came from ${c.address}.`,
    'Wait a moment, then go on more slowly.',
    { status: 429, retryable: true },
  ),
  HOST_NOT_ALLOWED: entry(
    (c) => `The request is addressed to ${c.host}, which is not this machine.`,
    'Open the page as http://127.0.0.1 or http://localhost, or configure a token.',
    { status: 403 },
  ),
  DOOR_UNPROTECTED: entry(
    (c) => `${c.door} would listen on ${c.host} for everybody, without a token.`,
    'Configure a token, or listen on 127.0.0.1.',
  ),
  APP_UNAVAILABLE: entry(
    (c) => `The application page does not answer at ${c.url}: ${c.detail}`,
    'Start it with `watchlake up`; what was answered is kept.',
    { retryable: true },
  ),
  APP_REFUSED: entry(
    (c) => `The application page refused ${c.path} with ${c.code}: ${c.detail}`,
    'The message says what to correct.',
  ),
  TOKENS_INVALID: entry(
    (c) => `The tokens cannot be read: ${c.detail}`,
    'Write them as `<role>:<token>`, separated by commas.',
  ),
  INTERNAL_ERROR: entry(
    (c) => `The request ${c.request} failed for a reason that was not foreseen.`,
    'The log of the worker has the details under the same request id.',
    { status: 500, retryable: true },
  ),
  UNAUTHORIZED: entry(
    () => 'The request carries no valid token.',
    'Send `Authorization: Bearer <token>`.',
    { status: 401 },
  ),
  FORBIDDEN: entry(
    (c) => `The token does not allow ${c.action}.`,
    'Use a token with the role that it needs.',
    { status: 403 },
  ),
  // Temporal and databases
  TEMPORAL_UNAVAILABLE: entry(
    (c) => `Temporal does not answer: ${c.detail}`,
    'Start it (`watchlake up`), or correct TEMPORAL_ADDRESS; `watchlake doctor` checks it.',
    { retryable: true, status: 503 },
  ),
  DATABASE_UNAVAILABLE: entry(
    (c) => `PostgreSQL does not answer: ${c.detail}`,
    'Start it, or correct DATABASE_URL.',
    { retryable: true, status: 503 },
  ),
  DATABASE_NEWER: entry(
    (c) => `The database has migrations that this version does not know: ${c.names}.`,
    'Use the version of Watchlake that made them, or a newer one.',
  ),
} as const satisfies Record<string, ErrorEntry>;

function asText(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

const factsOf = (context: ErrorContext): Facts =>
  Object.fromEntries(Object.entries(context).map(([name, value]) => [name, asText(value)]));

export type ErrorCode = keyof typeof ERRORS;

/** Thrown for every failure that the project foresees; `cause` keeps what lay under it. */
export class WatchlakeError extends Error {
  override readonly name = 'WatchlakeError';
  readonly code: ErrorCode;
  readonly context: ErrorContext;

  constructor(code: ErrorCode, context: ErrorContext = {}, cause?: unknown) {
    super(ERRORS[code].message(factsOf(context)), { cause });
    this.code = code;
    this.context = context;
  }

  get remedy(): string {
    return ERRORS[this.code].remedy;
  }

  get retryable(): boolean {
    return ERRORS[this.code].retryable;
  }

  get status(): number {
    return ERRORS[this.code].status ?? 500;
  }
}

export const isWatchlakeError = (error: unknown): error is WatchlakeError =>
  error instanceof Error && error.name === 'WatchlakeError' && 'code' in error;
