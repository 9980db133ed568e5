/** What is wrong with a field of a workflow's input, told by the option or argument that was typed for it. */
import type { Command } from 'commander';
import { ERRORS } from '../core/errors';
import type { Problem } from './problem';

// Fields whose option or argument has another name.
const OTHERWISE: Readonly<Record<string, readonly string[]>> = {
  lengthMs: ['window-length'],
  stepMs: ['window-step'],
  spanMs: ['label-span'],
  closeMinutes: ['close-after'],
  queryLimitGb: ['query-limit'],
  scheme: ['shipped-split', 'no-evaluation'],
  source: ['archive'],
  campaign: ['name'],
  malformedShare: ['malformed'],
  motionMissingShare: ['motion-missing'],
  motionIncompleteShare: ['motion-incomplete'],
  repeatedShare: ['repeated'],
  backwardsShare: ['backwards'],
};

// A replay without a name has its dataset's, and the format is the dataset's where none can be chosen.
const TAKEN_FROM: Readonly<Record<string, string>> = { name: 'dataset', format: 'dataset' };

const kebab = (field: string): string => field.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`);

interface Typed {
  readonly text: string;
  readonly isGiven: boolean;
  /** Given, or by default. */
  readonly hasValue: boolean;
}

function typedAs(command: Command, name: string): Typed[] {
  const options = command.options
    .filter(({ long }) => long === `--${name}`)
    .map((option) => ({
      text: `--${name}`,
      isGiven: command.getOptionValueSource(option.attributeName()) === 'cli',
      hasValue: command.getOptionValue(option.attributeName()) !== undefined,
    }));
  const places = command.registeredArguments
    .filter((argument) => argument.name() === name)
    .map(() => ({ text: `<${name}>`, isGiven: true, hasValue: true }));
  return [...options, ...places];
}

// What comes last may be the place in a list.
const fieldOf = (path: string): string =>
  path.split('.').findLast((part) => !/^\d+$/.test(part)) ?? '';

const ownNames = (command: Command, field: string): Typed[] =>
  [kebab(field), ...(OTHERWISE[field] ?? [])].flatMap((name) => typedAs(command, name));

/** `--window-step` for `refreshTables.window.stepMs`; undefined for what nobody types. */
function typedName(command: Command, path: string): string | undefined {
  const field = fieldOf(path);
  const other = TAKEN_FROM[field];
  const typed = [
    ...ownNames(command, field),
    ...(other === undefined ? [] : typedAs(command, other)),
  ];
  return (typed.find(({ hasValue }) => hasValue) ?? typed[0])?.text;
}

/** Of a field that differs from another run's: what was not given may be what has to be. */
function differingNames(command: Command, path: string): string[] {
  const typed = ownNames(command, fieldOf(path));
  const given = typed.filter(({ isGiven }) => isGiven);
  const names = (given.length > 0 ? given : typed).map(({ text }) => text);
  return names.length > 0 ? [names.join(' or ')] : [];
}

/** What nobody types stays as it is where there is nothing else. */
function differing(command: Command, paths: string): string {
  const names = paths.split(', ').flatMap((path) => differingNames(command, path));
  return names.length > 0 ? [...new Set(names)].join(', ') : paths;
}

const FIELD = /^([\w.]+): /;
const DIFFERING = /(?<=, with other inputs \()[\w., ]+(?=\)\.$)/;

/** The same problem, in the words of the command line. */
export function asTyped(problem: Problem, command: Command | undefined): Problem {
  if (command === undefined) return problem;
  const { code, message } = problem;
  if (code === 'RUN_DIFFERS') {
    const said = message.replace(DIFFERING, (paths) => differing(command, paths));
    return { ...problem, message: said };
  }
  const path = code === 'INPUT_INVALID' && FIELD.exec(message)?.[1];
  const name = path && typedName(command, path);
  if (!name) return problem;
  const said = message.replace(FIELD, `${name}: `);
  return { ...problem, message: said, remedy: ERRORS.USAGE_INVALID.remedy };
}
