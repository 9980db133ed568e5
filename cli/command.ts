/** Declares commands: each with --json, --home, help that shows an example, and options that are checked. */
import { InvalidArgumentError, type Command } from 'commander';
import { callable, PROGRAM } from '../core/program-name';
import { wrapTo } from './columns';

export interface Declaration {
  /** As in `ingest <archive>`. */
  usage: string;
  about: string;
  examples: readonly string[];
  /** What is worth knowing besides, below the examples. */
  more?: string;
}

type HelpAfter = Pick<Declaration, 'examples' | 'more'>;

// What commander wraps to where no terminal tells its width.
export const USUAL_WIDTH = 80;

/** Below the options: the examples in one line each, to be copied, and a paragraph as wide as the rest. */
export const withHelpAfter = (command: Command, { examples, more }: HelpAfter): Command =>
  command.addHelpText('after', ({ error }) => {
    const output = command.configureOutput();
    const width = (error ? output.getErrHelpWidth?.() : output.getOutHelpWidth?.()) ?? USUAL_WIDTH;
    const title = examples.length > 1 ? 'Examples' : 'Example';
    const lines = examples.map((example) => `  $ ${PROGRAM} ${example}`);
    const paragraph = more ? [`\n${wrapTo(callable(more), width)}`] : [];
    return [`\n${title}:`, ...lines, ...paragraph].join('\n');
  });

export function declare(parent: Command, { usage, about, ...help }: Declaration): Command {
  const command = parent
    .command(usage)
    .description(about)
    .option('--json', 'print exactly one JSON object, as the last line of stdout')
    .option('--home <folder>', 'folder of the stack and the lake, instead of WATCHLAKE_HOME');
  return withHelpAfter(command, help);
}

/** Commands that begin with one word, such as `models list`. */
export const declareGroup = (parent: Command, { usage, about, ...help }: Declaration): Command =>
  withHelpAfter(parent.command(usage).description(about), help);

/** The options of every command that waits for a workflow. */
export const waiting = (command: Command): Command =>
  command.option('--cancel-on-exit', 'cancel the workflow at Ctrl-C instead of leaving it running');

export interface WaitingOptions {
  cancelOnExit?: boolean;
}

/** A number of an option, within its bounds. */
export const numberBetween =
  (minimum: number, maximum: number) =>
  (text: string): number => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isFinite(value) || value < minimum || value > maximum) {
      throw new InvalidArgumentError(`Give a number from ${minimum} to ${maximum}.`);
    }
    return value;
  };

export const wholeNumber =
  (minimum: number, maximum = Number.MAX_SAFE_INTEGER) =>
  (text: string): number => {
    const value = Number(text);
    if (!/^\d+$/.test(text.trim()) || value < minimum || value > maximum) {
      const bound = maximum === Number.MAX_SAFE_INTEGER ? '' : ` to ${maximum}`;
      throw new InvalidArgumentError(`Give a whole number from ${minimum}${bound}.`);
    }
    return value;
  };

/** Comma-separated values. */
export const list = (text: string): string[] =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean);
