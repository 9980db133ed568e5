/** Declares commands: each with --json, --home, help that shows an example, and options that are checked. */
import { InvalidArgumentError, type Command } from 'commander';
import { callable, PROGRAM } from '../core/program-name';

export interface Declaration {
  /** As in `ingest <archive>`. */
  usage: string;
  about: string;
  examples: readonly string[];
  /** What is worth knowing besides, below the examples. */
  more?: string;
}

function helpAfter({ examples, more }: Pick<Declaration, 'examples' | 'more'>): string {
  const title = examples.length > 1 ? 'Examples' : 'Example';
  const lines = examples.map((example) => `  $ ${PROGRAM} ${example}`);
  return [`\n${title}:`, ...lines, ...(more ? [`\n${callable(more)}`] : [])].join('\n');
}

export function declare(parent: Command, { usage, about, ...help }: Declaration): Command {
  return parent
    .command(usage)
    .description(about)
    .option('--json', 'print exactly one JSON object, as the last line of stdout')
    .option('--home <folder>', 'folder of the stack and the lake, instead of WATCHLAKE_HOME')
    .addHelpText('after', helpAfter(help));
}

/** Commands that begin with one word, such as `models list`. */
export const declareGroup = (parent: Command, { usage, about, ...help }: Declaration): Command =>
  parent.command(usage).description(about).addHelpText('after', helpAfter(help));

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
