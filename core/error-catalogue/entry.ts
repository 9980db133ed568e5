/** What an entry of the catalogue of errors says. */
import { callable } from '../program-name';

export interface ErrorEntry {
  readonly retryable: boolean;
  /** The status that an HTTP door answers with, 500 when absent. */
  readonly status?: number;
  readonly message: (facts: Facts) => string;
  readonly remedy: string;
}

/** The context's values as text, as the messages quote them. */
export type Facts = Readonly<Record<string, string | undefined>>;

/** A fact that is a count, with its noun: `1 problem`, `2 problems`. */
export const countOf = (fact: string | undefined, one: string, many = `${one}s`): string =>
  `${fact} ${fact === '1' ? one : many}`;

export const entry = (
  message: ErrorEntry['message'],
  remedy: string,
  options: { retryable?: boolean; status?: number } = {},
): ErrorEntry => ({ retryable: false, ...options, message, remedy: callable(remedy) });

/** Keeps the codes in the type, so that a misspelt one does not compile. */
export const catalogue = <Code extends string>(
  entries: Readonly<Record<Code, ErrorEntry>>,
): Readonly<Record<Code, ErrorEntry>> => entries;
