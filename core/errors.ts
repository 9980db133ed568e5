/** The catalogue of errors: one code each, with a message that says what is wrong and a remedy. */
import { DATA_ERRORS } from './error-catalogue/data';
import { DOORS_ERRORS } from './error-catalogue/doors';
import type { Facts } from './error-catalogue/entry';
import { MACHINE_ERRORS } from './error-catalogue/machine';
import { MODELS_ERRORS } from './error-catalogue/models';
import { SERVICES_ERRORS } from './error-catalogue/services';

/** Plain facts that the message quotes: names, paths, line numbers, counts; never personal data. */
export type ErrorContext = Readonly<Record<string, unknown>>;

/** Every code that the project throws. docs/errors.md is generated from it. */
export const ERRORS = {
  ...MACHINE_ERRORS,
  ...DATA_ERRORS,
  ...MODELS_ERRORS,
  ...DOORS_ERRORS,
  ...SERVICES_ERRORS,
} as const;

function asText(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

const factsOf = (context: ErrorContext): Facts =>
  Object.fromEntries(Object.entries(context).map(([name, value]) => [name, asText(value)]));

export type ErrorCode = keyof typeof ERRORS;

/** Thrown for every failure that the project foresees; `cause` keeps what lay under it. */
export class WatchlakeError extends Error {
  override readonly name = 'WatchlakeError';
  readonly code: ErrorCode;
  readonly context: ErrorContext;

  constructor(code: ErrorCode, context: ErrorContext = {}, cause?: unknown) {
    super(ERRORS[code].message(factsOf(context)), { cause });
    this.code = code;
    this.context = context;
  }

  get remedy(): string {
    return ERRORS[this.code].remedy;
  }

  get retryable(): boolean {
    return ERRORS[this.code].retryable;
  }

  get status(): number {
    return ERRORS[this.code].status ?? 500;
  }
}

export const isWatchlakeError = (error: unknown): error is WatchlakeError =>
  error instanceof Error && error.name === 'WatchlakeError' && 'code' in error;
