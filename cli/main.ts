/** Entry of the command line: reads the arguments, runs one command, and gives its exit code. */
import { CommanderError, type Command } from 'commander';
import { WatchlakeError } from '../core/errors';
import { loadConfig, environmentOf } from '../workers/config';
import { ENDING_SIGNALS } from '../workers/ending-signals';
import { USUAL_WIDTH } from './command';
import { buildProgram } from './program';
import { realServices } from './services';
import { createActions, reportFailure, type Running, type Surroundings } from './shell';
import { createVoice } from './voice';

export const realSurroundings: Surroundings = {
  services: realServices,
  stdout: process.stdout,
  stderr: process.stderr,
  loadConfig: (home) => loadConfig(environmentOf(home ? { WATCHLAKE_HOME: home } : {})),
  onInterrupt(listener) {
    for (const signal of ENDING_SIGNALS) process.on(signal, listener);
    return () => {
      for (const signal of ENDING_SIGNALS) process.off(signal, listener);
    };
  },
};

/** Help and errors go to the given streams, and nothing ends the process. */
function captured(command: Command, { stdout, stderr }: Surroundings): void {
  command.exitOverride().configureOutput({
    writeOut: (text) => void stdout.write(text),
    writeErr: (text) => void stderr.write(text),
    // Reported with its remedy like every other problem.
    outputError: () => undefined,
    getOutHasColors: () => false,
    getErrHasColors: () => false,
    getOutHelpWidth: () => createVoice(stdout).width ?? USUAL_WIDTH,
    getErrHelpWidth: () => createVoice(stderr).width ?? USUAL_WIDTH,
  });
  for (const child of command.commands) captured(child, { stdout, stderr } as Surroundings);
}

const hasJson = (words: readonly string[]): boolean => {
  const end = words.indexOf('--');
  return (end < 0 ? words : words.slice(0, end)).includes('--json');
};

const HELP = new Set(['--help', '-h']);

/**
 * `help models list` is what people type first; it means `models list --help`. Of a command that there is
 * not, help would silently show its parent's: without the option it is told as what it is, mistyped.
 */
function withHelp(program: Command, words: readonly string[]): readonly string[] {
  let command = program;
  for (const [at, word] of words.entries()) {
    if (command.commands.length === 0 || word.startsWith('-')) break;
    if (word === 'help') return withHelp(program, [...words.toSpliced(at, 1), '--help']);
    const named = command.commands.find((each) => each.name() === word);
    if (!named) return words.filter((each) => !HELP.has(each));
    command = named;
  }
  return words;
}

/** Commander says only that the program itself has no such option. */
const isBeforeCommand = (error: unknown, [first = '']: readonly string[]): boolean =>
  error instanceof CommanderError &&
  error.code === 'commander.unknownOption' &&
  first.startsWith('-');

const beforeCommand = (option: string): WatchlakeError =>
  new WatchlakeError('USAGE_INVALID', {
    detail: `Option '${option}' stands before a command: a command's options follow it.`,
  });

/** Runs the command that the words name, and gives the exit code. */
export async function runCommand(
  words: readonly string[],
  surroundings: Surroundings = realSurroundings,
): Promise<number> {
  const running: Running = { exitCode: 0 };
  const program = buildProgram(createActions(surroundings, running));
  captured(program, surroundings);
  try {
    await program.parseAsync(withHelp(program, words), { from: 'user' });
    return running.exitCode;
  } catch (error) {
    // Help and version are answers; help in place of a missing command is not.
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    if (error instanceof CommanderError && error.code === 'commander.help') return 1;
    const told = isBeforeCommand(error, words) ? beforeCommand(words[0] ?? '') : error;
    return reportFailure(surroundings, running, hasJson(words), told);
  }
}

/** A pipe that was closed, or a terminal; a file with such an error is on a disk that fails. */
const hasNoReader = (stream: NodeJS.WriteStream, { code }: NodeJS.ErrnoException): boolean =>
  code === 'EPIPE' || (code === 'EIO' && stream.isTTY);

/** Readers such as `head` close what they have read enough of: the command ends as it would have, unheard. */
function bearClosedOutput(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (!hasNoReader(stream, error)) throw error;
    });
  }
}

/** Resolves when a reader has taken everything, or has gone: what waits in a pipe is lost with the process. */
const written = (stream: NodeJS.WritableStream): Promise<void> =>
  new Promise((resolve) => {
    stream.write('', () => resolve());
  });

/** For the `watchlake` program: open connections must not keep a finished command alive. */
export async function main(): Promise<void> {
  bearClosedOutput();
  const exitCode = await runCommand(process.argv.slice(2));
  await Promise.all([process.stdout, process.stderr].map(written));
  process.exit(exitCode);
}

if (require.main === module) void main();
