/** Entry of the command line: reads the arguments, runs one command, and gives its exit code. */
import { CommanderError, type Command } from 'commander';
import { loadConfig, environmentOf } from '../workers/config';
import { USUAL_WIDTH } from './command';
import { buildProgram } from './program';
import { realServices } from './services';
import { createActions, reportFailure, type Running, type Surroundings } from './shell';
import { createVoice } from './voice';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

export const realSurroundings: Surroundings = {
  services: realServices,
  stdout: process.stdout,
  stderr: process.stderr,
  loadConfig: (home) => loadConfig(environmentOf(home ? { WATCHLAKE_HOME: home } : {})),
  onInterrupt(listener) {
    for (const signal of SIGNALS) process.on(signal, listener);
    return () => {
      for (const signal of SIGNALS) process.off(signal, listener);
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

/** `help models list` is what people type first; it means `models list --help`. */
const withHelp = (words: readonly string[]): readonly string[] =>
  words[0] === 'help' ? [...words.slice(1), '--help'] : words;

/** Runs the command that the words name, and gives the exit code. */
export async function runCommand(
  words: readonly string[],
  surroundings: Surroundings = realSurroundings,
): Promise<number> {
  const running: Running = { exitCode: 0 };
  const program = buildProgram(createActions(surroundings, running));
  captured(program, surroundings);
  try {
    await program.parseAsync(withHelp(words), { from: 'user' });
    return running.exitCode;
  } catch (error) {
    // Help and version are answers; help in place of a missing command is not.
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    if (error instanceof CommanderError && error.code === 'commander.help') return 1;
    return reportFailure(surroundings, running, hasJson(words), error);
  }
}

/** For the `watchlake` program: open connections must not keep a finished command alive. */
export async function main(): Promise<void> {
  process.exit(await runCommand(process.argv.slice(2)));
}

if (require.main === module) void main();
