/** Commands that a remedy tells to type, for the home that the command was given. */
import { PROGRAM } from '../core/program-name';
import { shellWord } from '../core/shell-word';
import type { Problem } from './problem';

const COMMAND = new RegExp(`\`${PROGRAM} [^\`]*`, 'g');

/** A command line for the person to copy. */
export const inHome = (command: string, home: string | undefined): string =>
  home ? `${command} --home ${shellWord(home)}` : command;

/** The same text, its commands for that home. */
export const commandsInHome = (text: string, home: string | undefined): string =>
  text.replace(COMMAND, (words) => (words.includes(' --home ') ? words : inHome(words, home)));

/** Without it, who asks another home would be told to start the usual one. */
export const withHome = (problem: Problem, home: string | undefined): Problem => ({
  ...problem,
  message: commandsInHome(problem.message, home),
  remedy: commandsInHome(problem.remedy, home),
});
