/** A service of AWS that speaks JSON 1.1, as a guarantee of the gateway: checks requests by the SDK's shapes. */
import type { Answer, Guarantee } from '../aws-gateway';
import { jsonError } from '../aws-gateway';
import { shapeNamed, shapeProblem } from './shapes';

export class ServiceError extends Error {
  readonly type: string;

  constructor(type: string, message: string) {
    super(message);
    this.type = type;
  }
}

type Operation = (input: never) => object;

export interface JsonService {
  /** Of `X-Amz-Target`, before the dot. */
  readonly prefix: string;
  readonly sdk: object;
  /** Name of an operation's input shape. */
  readonly inputOf: (operation: string) => string;
  readonly operations: Readonly<Record<string, Operation>>;
  /** What the service answers to a request of the wrong shape. */
  readonly invalid: string;
  /** Operations that are not here are left to somebody else, instead of refused. */
  readonly shares?: boolean;
}

const answer = (body: object): Answer => ({
  status: 200,
  headers: { 'content-type': 'application/x-amz-json-1.1' },
  body: JSON.stringify(body),
});

export function jsonService(service: JsonService): Guarantee {
  const { prefix, sdk, inputOf, operations, invalid, shares = false } = service;
  return async (call, next) => {
    const [found, name = ''] = call.target.split('.');
    if (found !== prefix) return next(call);
    const operation = operations[name];
    if (operation === undefined) {
      if (shares) return next(call);
      return jsonError(400, 'UnknownOperationException', `${name} is not emulated`);
    }
    const input = JSON.parse(call.body.toString() || '{}') as object;
    const problem = shapeProblem(shapeNamed(sdk, inputOf(name)), input);
    if (problem !== null) return jsonError(400, invalid, problem);
    try {
      return answer(operation(input as never));
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      return jsonError(400, error.type, error.message);
    }
  };
}

/** As AWS writes moments. */
export const seconds = (ms: number | undefined): number | undefined =>
  ms === undefined ? undefined : ms / 1000;

/** One page of a list, and the marker of the next. */
export function page<T>(all: readonly T[], marker: string | undefined, size: number) {
  const from = Number(marker ?? '0');
  const items = all.slice(from, from + size);
  return { items, next: from + size < all.length ? String(from + size) : undefined };
}
