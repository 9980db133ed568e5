/** Errors of: configuration, the machine, commands and backups. */
import { catalogue, entry, type Facts } from './entry';

/** Told to who runs some of the parts elsewhere. */
const elsewhere = ({ variable }: Facts): string =>
  variable ? `, and ${variable} names none elsewhere` : '';

const origin = ({ from, attempts }: Facts): string =>
  from ? ` from ${from}, tried ${attempts} times` : '';

export const MACHINE_ERRORS = catalogue({
  // Configuration and the machine
  CONFIG_INVALID: entry(
    (c) => `The configuration is not valid: ${c.problems}`,
    'Correct the variables named above; docs/configuration.md lists them all.',
  ),
  PORT_TAKEN: entry(
    (c) => `Port ${c.port} for ${c.service} is taken.`,
    'Free the port, or leave its variable unset, so that Watchlake takes the next free one: TEMPORAL_PORT, TEMPORAL_UI_PORT, KAFKA_PORT, POSTGRES_PORT, APP_PORT, METRICS_PORT or INGEST_PORT.',
  ),
  TOOL_MISSING: entry(
    (c) => `${c.tool} was not found${c.detail ? `: ${c.detail}` : '.'}`,
    'Install it, or give the address of a running service; `watchlake doctor` names the variable.',
  ),
  DOWNLOAD_FAILED: entry(
    (c) => `${c.what} could not be downloaded${origin(c)}: ${c.detail}`,
    'Check the address and the network, and run the command again: what is there already is kept. Of what Watchlake itself needs an installed copy does as well: `watchlake doctor` names the variable.',
    { retryable: true },
  ),
  CHECKSUM_MISMATCH: entry(
    (c) => `${c.what} has SHA-256 ${c.actual}, expected ${c.expected}.`,
    'It was not kept: try again. If it happens again, Maven may have kept it in ~/.m2/repository: remove it there. Else do not use the file.',
  ),
  STACK_NOT_RUNNING: entry(
    (c) => `${c.what ?? 'The stack'} is not running${elsewhere(c)}.`,
    'Start it with `watchlake up`.',
  ),
  STACK_NOT_RUNNING_BUT_DEMO: entry(
    (c) => `The stack of ${c.home} is not running; the demo is: --home ${c.demo}`,
    'Add that `--home` to ask the demo, or start a stack of your own with `watchlake up`.',
  ),
  STACK_NOT_READY: entry(
    (c) =>
      `Not running after ${c.seconds} s: ${c.what}. The supervisor, process ${c.supervisor}, lives and starts what is missing; its log is ${c.log}`,
    'A first start may take minutes: `watchlake up --detach` waits for it. Where the log shows that a start fails again and again, mend what it names, then `watchlake down` and `watchlake up`.',
  ),
  STACK_STILL_STARTING: entry(
    () => 'The stack goes on starting without this command.',
    'Run `watchlake up --detach` again to wait for it, or stop it with `watchlake down`.',
  ),
  STACK_BUSY: entry(
    (c) => `Process ${c.holder} holds ${c.lock}.`,
    'It is starting, stopping, backing up or restoring the same stack; wait until it has ended and try again.',
    { retryable: true },
  ),
  STACK_OTHER_VERSION: entry(
    (c) => `${c.home} is run by version ${c.found} of Watchlake, this is ${c.ours}.`,
    'Stop it with `watchlake down`; the next `watchlake up` goes on with its data. docs/upgrades.md tells more.',
  ),
  STACK_FAILED: entry(
    (c) => `${c.service} did not start: ${c.detail}`,
    'Read the logs of the home; `watchlake doctor` checks the machine.',
  ),
  KEY_LOST: entry(
    (c) => `${c.file} is empty: the key of the pseudonyms is lost.`,
    'Put the file back from a backup. Where nothing has landed yet, remove it: the next start makes another one.',
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
    'With --cancel-on-exit, Ctrl-C cancels the run instead.',
  ),
  RUN_DIFFERS: entry(
    (c) => `${c.workflow} runs already, with other inputs (${c.fields}).`,
    'Wait for it (`watchlake attach <workflow id>`; with `--cancel-on-exit`, Ctrl-C cancels it), or give the same inputs to join it.',
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
  NOT_WRITABLE: entry(
    (c) => `${c.path} cannot be written: ${c.detail}`,
    'Give another place, or the right to write there; WATCHLAKE_HOME and WATCHLAKE_CACHE say where Watchlake keeps its own files.',
  ),
  NOT_READABLE: entry(
    (c) => `${c.path} cannot be read: ${c.detail}`,
    'Run the command as the user whose it is, or give yourself the right to read it.',
  ),
  DISK_FULL: entry(
    (c) => `There is no space left on the disk: ${c.detail}`,
    'Free some and run the command again; `watchlake doctor` shows how much is free where Watchlake keeps its files, and `watchlake vacuum` removes old snapshots.',
  ),
  // Backups
  NOTHING_TO_BACK_UP: entry(
    (c) => `There is nothing in ${c.home} that could be backed up.`,
    'Give the home with --home, or WATCHLAKE_HOME; `watchlake status` shows which one is meant.',
  ),
  BACKUP_INVALID: entry(
    (c) => `${c.source} is not a complete backup: ${c.detail}`,
    'Use another backup; nothing was restored.',
  ),
  BACKUP_NEWER: entry(
    (c) => `${c.source} was made by Watchlake ${c.version}; this is ${c.own}.`,
    'Restore it with that version or a newer one; nothing was restored.',
  ),
  COPY_STOPPED: entry(
    () => 'The copy was broken off, and nothing of it is left.',
    'Run the command again; what had been stopped for it was started again.',
  ),
  TARGET_EXISTS: entry(
    (c) => `${c.target} exists already.`,
    'Give another path: nothing is written over what is there.',
  ),
  TARGET_INSIDE: entry(
    (c) => `${c.target} lies in ${c.place}, which is a part of the backup.`,
    'Give a folder outside of it: a copy cannot hold itself.',
  ),
  RESTORE_TARGET_EXISTS: entry(
    (c) => `${c.target} exists already.`,
    'Add `--force`, which moves aside what is there and keeps it, or restore into another home with `--home`.',
  ),
  RESTORE_UNFINISHED: entry(
    (c) =>
      `The restore of ${c.source} into ${c.home} was killed while it exchanged the parts: lake, database and topics are not of one moment.`,
    'Run `watchlake restore <that folder> --force` again, which moves aside what is there. What was there before lies beside it, as `<part>.before-restore-<time>`.',
  ),
});
