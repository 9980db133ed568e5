/** Holds one call of a service, so that whoever has made it can be killed or paused at this very moment. */
import type { Call, Guarantee } from '../aws-gateway';

export interface Held {
  /** Resolves when the call has come; never, when there is none. */
  readonly reached: Promise<void>;
  /** Lets it go on, as a request that was long on its way. */
  release(): void;
}

export interface Gate {
  readonly guarantee: Guarantee;
  /** `before`: it is not carried out yet; `after`: it is, and its answer does not come. */
  hold(isIt: (call: Call, number: number) => boolean, when: 'before' | 'after'): Held;
  /** Calls since the last hold, by their names. */
  readonly calls: string[];
}

/** `PUT chosen.json`, `ElasticMapReduce.RunJobFlow`. */
export const nameOf = ({ method, url, target }: Call): string =>
  target || `${method} ${(url.split('?')[0] ?? '').split('/').at(-1)}`;

export function createGate(): Gate {
  const calls: string[] = [];
  let present:
    | { isIt: (call: Call, number: number) => boolean; when: string; wait: () => Promise<void> }
    | undefined;

  const guarantee: Guarantee = async (call, next) => {
    calls.push(nameOf(call));
    const held = present?.isIt(call, calls.length) ? present : undefined;
    if (held === undefined) return next(call);
    present = undefined;
    if (held.when === 'before') await held.wait();
    const answer = await next(call);
    if (held.when === 'after') await held.wait();
    return answer;
  };

  return {
    guarantee,
    calls,
    hold(isIt, when) {
      calls.length = 0;
      let [arrive, release] = [() => {}, () => {}];
      const reached = new Promise<void>((resolve) => (arrive = resolve));
      const released = new Promise<void>((resolve) => (release = resolve));
      const wait = () => {
        arrive();
        return released;
      };
      present = { isIt, when, wait };
      return { reached, release: () => release() };
    },
  };
}
