/** What every command gets, and how its outcome becomes text, JSON and an exit code. */
import type { Command } from 'commander';
import { join } from 'node:path';
import type { WatchlakeError } from '../core/errors';
import type { Config } from '../workers/config';
import { problemOf, type Problem } from './problem';
import type { Services } from './services';
import { asTyped } from './typed-names';
import { createVoice, SILENT, type Target, type Voice } from './voice';
import { withHome } from './with-home';

/** The outer world of a command, so that tests can give another one. */
export interface Surroundings {
  services: Services;
  stdout: Target;
  stderr: Target;
  loadConfig: (home?: string) => Config;
  /** Calls the listener at Ctrl-C and its like, until the returned function is called. */
  onInterrupt: (listener: () => void) => () => void;
}

export interface Shell extends Omit<Surroundings, 'stdout' | 'stderr' | 'loadConfig'> {
  config: Config;
  /** As given on the command line, for commands that are told to the person. */
  homeOption?: string;
  /** Says that the command works in another home, for the remedy and the logs when it fails. */
  worksIn: (place: Pick<Shell, 'config' | 'homeOption'>) => void;
  json: boolean;
  /** Results for people, on stdout; silent in JSON mode. */
  out: Voice;
  /** Everything else, on stderr. */
  notes: Voice;
}

export interface Outcome {
  /** Fields of the JSON object, besides `ok`. */
  result: object;
  /** The same for people. */
  show?: (voice: Voice) => void;
  /** A command that ran, but whose answer is no: the exit code is 1. */
  failed?: boolean;
}

export type Action<Args extends unknown[]> = (shell: Shell, ...args: Args) => Promise<Outcome>;

export interface CommonOptions {
  json?: boolean;
  home?: string;
}

/** What is known of the command that runs, for the message when it fails. */
export interface Running {
  exitCode: number;
  command?: Command;
  config?: Config;
  homeOption?: string;
}

/** Makes actions for commander: each writes its outcome once, in the form that was asked for. */
export const createActions =
  (surroundings: Surroundings, running: Running) =>
  <Args extends unknown[]>(action: Action<Args>) =>
    async function run(this: Command, ...args: Args): Promise<void> {
      running.command = this;
      const { json = false, home } = this.opts<CommonOptions>();
      const config = surroundings.loadConfig(home);
      const worksIn: Shell['worksIn'] = (place) => void Object.assign(running, place);
      worksIn({ config, homeOption: home });
      const out = json ? SILENT : createVoice(surroundings.stdout);
      const notes = createVoice(surroundings.stderr);
      const { services, onInterrupt } = surroundings;
      const shell = { services, onInterrupt, config, homeOption: home, worksIn, json, out, notes };
      const outcome = await action(shell, ...args);
      running.exitCode = outcome.failed ? 1 : 0;
      if (json) {
        await writeJson(surroundings.stdout, { ok: !outcome.failed, ...outcome.result });
      } else outcome.show?.(out);
    };

export type Actions = ReturnType<typeof createActions>;

/** One line; 64-bit figures of queries as text, which loses no digit. */
export const toJsonLine = (value: unknown): string =>
  JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'bigint' ? String(inner) : inner,
  );

const writeJson = (target: Target, value: unknown): Promise<void> =>
  new Promise((resolve) => {
    target.write(`${toJsonLine(value)}\n`, () => resolve());
  });

const INTERRUPTED_EXIT_CODE = 130;
// Whoever pressed Ctrl-C knows that nothing is wrong.
const INTERRUPTIONS = new Set([
  'INTERRUPTED',
  'SENDING_STOPPED',
  'STACK_STILL_STARTING',
  'COPY_STOPPED',
]);

/** Says what went wrong, and gives the exit code. */
export async function reportFailure(
  surroundings: Surroundings,
  { config, command, homeOption }: Running,
  json: boolean,
  error: unknown,
): Promise<number> {
  const problem = withHome(asTyped(problemOf(error), command), homeOption);
  const notes = createVoice(surroundings.stderr);
  if (json) {
    await writeJson(surroundings.stdout, { ok: false, error: problem });
  } else {
    showProblem(notes, problem, config);
  }
  if (config?.LOG_LEVEL === 'debug' || config?.LOG_LEVEL === 'trace') showTrace(notes, error);
  return INTERRUPTIONS.has(problem.code) ? INTERRUPTED_EXIT_CODE : 1;
}

// For these the logs say more than the message does.
const LOGGED = new Set(['STACK_FAILED', 'RUN_FAILED', 'UNEXPECTED', 'INTERNAL_ERROR']);

function showProblem(notes: Voice, problem: Problem, config: Config | undefined): void {
  const { colors } = notes;
  const interrupted = INTERRUPTIONS.has(problem.code);
  const title = interrupted ? colors.yellow('left:') : colors.red('error:');
  notes.line(`${title} ${problem.message}`);
  notes.line(`${colors.dim('remedy:')} ${problem.remedy}`);
  if (problem.run) notes.line(`${colors.dim('run:')} ${problem.run}`);
  if (config && LOGGED.has(problem.code)) {
    notes.line(`${colors.dim('logs:')} ${join(config.WATCHLAKE_HOME, 'logs')}`);
  }
}

function showTrace(notes: Voice, error: unknown): void {
  for (let each = error; each instanceof Error; each = each.cause) {
    notes.line(each.stack ?? each.message);
  }
}

/** For services that wait for a part: says so on stderr, as stdout belongs to the result. */
export const tellingOfWaits =
  ({ notes }: Shell) =>
  (sentence: string): void =>
    notes.line(notes.colors.dim(sentence));

/** Rejects at Ctrl-C; `stop` has to be called when the wait is over. */
export function interruption(
  shell: Shell,
  error: () => WatchlakeError,
): { hit: Promise<never>; stop(): void } {
  let stop = (): void => undefined;
  const hit = new Promise<never>((_resolve, reject) => {
    stop = shell.onInterrupt(() => reject(error()));
  });
  // Whoever waits gets it; nobody does once the wait is over.
  hit.catch(() => undefined);
  return { hit, stop };
}

/** Resolves at the first Ctrl-C, SIGTERM or closing of the terminal: for commands that run until then, and then end well. */
export const untilInterrupted = (shell: Shell): Promise<void> =>
  new Promise((resolve) => {
    const stop = shell.onInterrupt(() => {
      stop();
      resolve();
    });
  });
