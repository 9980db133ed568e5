/** What went wrong, out of what Spark writes when something does. */
import { withoutValues } from '../../../core/without-values';

const NOISE =
  /^\s*(at |\.\.\. \d+ more|$)| (INFO|WARN) |^(Setting default log level|To adjust logging level|Using Spark's default)/;
// Whatever else is said then follows from it.
const OUT_OF_MEMORY = /java\.lang\.OutOfMemoryError.*/;
const CAUSE = /(?:^|\s)(?:Caused by: )?([\w.$]+(?:Exception|Error)(?::.*)?)$/;
const MAXIMUM_CHARACTERS = 1000;

/** No longer than a history should keep. */
export const shortened = (text: string): string =>
  withoutValues(text).trim().slice(0, MAXIMUM_CHARACTERS);

/** The innermost cause of the last failure in a log, else the log's last line; empty when there is none. */
export function rootCauseIn(log: string): string {
  const full = OUT_OF_MEMORY.exec(log)?.[0];
  if (full !== undefined) return full;
  const lines = log.split('\n').filter((line) => !NOISE.test(line));
  const causes = lines.filter((line) => CAUSE.test(line));
  const innermost = causes.findLast((line) => line.includes('Caused by: ')) ?? causes.at(-1);
  const found = innermost === undefined ? undefined : CAUSE.exec(innermost)?.[1];
  return shortened(found ?? lines.at(-1) ?? '');
}
