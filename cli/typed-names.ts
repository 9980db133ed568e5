/** What is wrong with a field of a workflow's input, told by the option or argument that was typed for it. */
import type { Command } from 'commander';
import { ERRORS } from '../core/errors';
import type { Problem } from './problem';

// Fields whose option or argument has another name. A replay without a name has its dataset's, and the format is
// the dataset's where none can be chosen.
const OTHERWISE: Readonly<Record<string, string>> = {
  lengthMs: 'window-length',
  stepMs: 'window-step',
  spanMs: 'label-span',
  closeMinutes: 'close-after',
  queryLimitGb: 'query-limit',
  scheme: 'shipped-split',
  source: 'archive',
  campaign: 'name',
  name: 'dataset',
  format: 'dataset',
  malformedShare: 'malformed',
  motionMissingShare: 'motion-missing',
  motionIncompleteShare: 'motion-incomplete',
  repeatedShare: 'repeated',
  backwardsShare: 'backwards',
};

const kebab = (field: string): string => field.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`);

interface Typed {
  readonly text: string;
  readonly isGiven: boolean;
}

function typedAs(command: Command, name: string): Typed[] {
  const options = command.options
    .filter(({ long }) => long === `--${name}`)
    .map((option) => ({
      text: `--${name}`,
      isGiven: command.getOptionValue(option.attributeName()) !== undefined,
    }));
  const places = command.registeredArguments
    .filter((argument) => argument.name() === name)
    .map(() => ({ text: `<${name}>`, isGiven: true }));
  return [...options, ...places];
}

/** `--window-step` for `refreshTables.window.stepMs`; undefined for what nobody types. */
function typedName(command: Command, path: string): string | undefined {
  // What comes last may be the place in a list.
  const field = path.split('.').findLast((part) => !/^\d+$/.test(part)) ?? '';
  const names = [kebab(field), OTHERWISE[field]].filter((name) => name !== undefined);
  const typed = names.flatMap((name) => typedAs(command, name));
  return (typed.find(({ isGiven }) => isGiven) ?? typed[0])?.text;
}

const FIELD = /^([\w.]+): /;

/** The same problem, in the words of the command line. */
export function asTyped(problem: Problem, command: Command | undefined): Problem {
  const path = problem.code === 'INPUT_INVALID' && FIELD.exec(problem.message)?.[1];
  const name = path && command && typedName(command, path);
  if (!name) return problem;
  const message = problem.message.replace(FIELD, `${name}: `);
  return { ...problem, message, remedy: ERRORS.USAGE_INVALID.remedy };
}
