/** Where the parts answer that a command needs; those that the home's supervisor is starting are waited for. */
import { setTimeout as sleep } from 'node:timers/promises';
import { WatchlakeError } from '../core/errors';
import { COMPONENTS } from '../stack/components';
import type { StackAddresses } from '../stack/stack';
import type { ComponentName } from '../stack/stack-file';
import {
  externalServices,
  PART_NAMES,
  presentParts,
  requireParts,
  toAddresses,
  type Addresses,
} from './addresses';
import type { Config } from './config';
import { readState, supervisorLog, supervisorOf } from './state';

/** Told once, in a sentence, when a wait has become noticeable. */
export type OnWait = (sentence: string) => void;

export interface PartsWanted<Needed extends ComponentName> {
  readonly needed: readonly Needed[];
  /** Done without where no supervisor keeps them. */
  readonly welcome?: readonly ComponentName[];
  /** Nobody waits where it is absent. */
  readonly onWait?: OnWait;
  readonly waitMs?: number;
}

type Found<Needed extends ComponentName> = Pick<StackAddresses, Needed> & Partial<StackAddresses>;

// The supervisor looks every few seconds, and Kafka reads its log again before it answers.
const RETURN_LIMIT_MS = 60_000;
const TELL_AFTER_MS = 1_500;
const LOOK_EVERY_MS = 200;

interface Look {
  readonly parts: Partial<StackAddresses>;
  readonly missing: readonly ComponentName[];
  /** The process that keeps the home; null when nobody does. */
  readonly supervisor: number | null;
  /** The first start of the parts and the migrations is not over. */
  readonly isStarting: boolean;
}

/** The supervisor first: what it had not started when it was seen to have ended, it will not start. */
async function look(config: Config, wanted: readonly ComponentName[]): Promise<Look> {
  const home = config.WATCHLAKE_HOME;
  const supervisor = await supervisorOf(home);
  const isStarting = supervisor !== null && (await readState(home)) === null;
  const parts = await presentParts(config);
  const missing = wanted.filter((name) => !parts[name]);
  return { parts, missing, supervisor, isStarting };
}

const namesOf = (missing: readonly ComponentName[]): string =>
  missing.length === 0 ? 'The stack' : missing.map((name) => PART_NAMES[name]).join(' and ');

function waitingFor({ missing, isStarting }: Look, waitMs: number): string {
  const atMost = `at most ${Math.round(waitMs / 1000)} s`;
  if (isStarting) return `Waiting for the stack, which is starting (${atMost})`;
  return `Waiting for ${namesOf(missing)}, which the supervisor starts again (${atMost})`;
}

function notReady(config: Config, { missing, supervisor }: Look, waitMs: number): WatchlakeError {
  return new WatchlakeError('STACK_NOT_READY', {
    what: namesOf(missing),
    seconds: Math.round(waitMs / 1000),
    supervisor,
    log: supervisorLog(config.WATCHLAKE_HOME),
  });
}

/**
 * Throws STACK_NOT_RUNNING at once where nobody keeps the home, STACK_NOT_READY when its
 * supervisor did not bring a part back in time.
 */
export async function awaitParts<Needed extends ComponentName>(
  config: Config,
  { needed, welcome = [], onWait, waitMs = RETURN_LIMIT_MS }: PartsWanted<Needed>,
): Promise<Found<Needed>> {
  const external = externalServices(config);
  const wanted = [...needed, ...welcome];
  const own = wanted.filter((name) => !external[name]);
  const startedMs = Date.now();
  let told = false;
  for (;;) {
    const seen = await look(config, own);
    const isThere = own.length === 0 || (seen.missing.length === 0 && !seen.isStarting);
    if (isThere || seen.supervisor === null || !onWait) {
      return requireParts(seen.parts, needed, external);
    }
    const waitedMs = Date.now() - startedMs;
    if (waitedMs >= waitMs) throw notReady(config, seen, waitMs);
    if (!told && waitedMs >= TELL_AFTER_MS) {
      told = true;
      onWait(waitingFor(seen, waitMs));
    }
    await sleep(LOOK_EVERY_MS);
  }
}

/** Of all parts. */
export const awaitAddresses = async (config: Config, onWait?: OnWait): Promise<Addresses> =>
  toAddresses(await awaitParts(config, { needed: COMPONENTS, onWait }));
