/** Waits for a run at its side: shows its progress, and leaves or cancels it at Ctrl-C. */
import {
  defaultPayloadConverter,
  type Client,
  type WorkflowExecutionDescription,
  type WorkflowHandle,
} from '@temporalio/client';
import { setTimeout as sleep } from 'node:timers/promises';
import { isWatchlakeError, WatchlakeError } from '../core/errors';
import { spaced } from '../core/facts';
import { PROGRAM } from '../core/program-name';
import type { Progress } from '../workflows/progress';
import { FailedRun } from './problem';
import { withProgress, type ProgressLine } from './progress-line';
import { inHome } from './with-home';
import { factsLine, GrowingCounts, saidBy, type Said } from './run-facts';
import type { Shell } from './shell';

export interface FollowOptions {
  workflowId: string;
  link: string;
  cancelOnExit?: boolean;
  /** Told of the run's own progress each time it was asked for. */
  onProgress?: (progress: Progress, line: ProgressLine) => void;
}

const LOOK_EVERY_MS = 700;
const ANSWER_WITHIN_MS = 4_000;

/** The answer of the run's `progress` query; null while no worker answers. */
async function ask(client: Client, workflowId: string): Promise<Progress | null> {
  try {
    return await client.withDeadline(Date.now() + ANSWER_WITHIN_MS, () =>
      client.workflow.getHandle(workflowId).query<Progress>('progress'),
    );
  } catch {
    // A busy worker, a run that has just ended or not begun: the result tells what matters.
    return null;
  }
}

// Runs beside everything else; what it does is not what the parent waits for.
const COMPANION = 'predictStream';

/** With why a step is tried again, if one is. */
interface Inside extends Said {
  /** The child started last is the one that works now. */
  child: string | null;
}

const NOTHING_SEEN: Inside = { child: null, work: {}, underWay: {} };

type PendingActivity = NonNullable<
  WorkflowExecutionDescription['raw']['pendingActivities']
>[number];

const FAILURE_LENGTH = 160;

// What the server says in place of a failure whose causes are long; it keeps that as its own cause.
const TOO_LONG = 'Failure exceeds size limit.';

/** Steps fail and are tried again by themselves: the person sees that, and why. */
function retryOf({ activityType, attempt, lastFailure: last }: PendingActivity): string[] {
  const failure = last?.message === TOO_LONG ? (last.cause ?? last) : last;
  if (!failure?.message || (attempt ?? 1) < 2) return [];
  const message = failure.message.split('\n', 1)[0] as string;
  const short =
    message.length > FAILURE_LENGTH ? `${message.slice(0, FAILURE_LENGTH - 1)}…` : message;
  return [`${attempt} of «${spaced(activityType?.name ?? 'a step')}» after «${short}»`];
}

async function lookInside(client: Client, workflowId: string): Promise<Inside> {
  try {
    const { raw } = await client.workflow.getHandle(workflowId).describe();
    const children = (raw.pendingChildren ?? []).filter(
      ({ workflowTypeName }) => workflowTypeName !== COMPANION,
    );
    children.sort((a, b) => Number(a.initiatedId) - Number(b.initiatedId));
    const pending = raw.pendingActivities ?? [];
    const beats = pending.flatMap(
      ({ heartbeatDetails }) => heartbeatDetails?.payloads?.slice(0, 1) ?? [],
    );
    const { work, underWay } = saidBy(
      beats.map((beat) => defaultPayloadConverter.fromPayload<unknown>(beat)),
    );
    const [retry] = pending.flatMap(retryOf);
    const child = children.at(-1)?.workflowId ?? null;
    return { child, work: retry === undefined ? work : { ...work, attempt: retry }, underWay };
  } catch {
    return NOTHING_SEEN;
  }
}

/** The run's own progress; null while no worker answers. */
async function look(
  client: Client,
  options: FollowOptions,
  { line, counts }: { line: ProgressLine; counts: GrowingCounts },
): Promise<Progress | null> {
  const own = await ask(client, options.workflowId);
  if (!own) {
    line.update('waiting for a worker');
    return null;
  }
  const { child, work, underWay } = await lookInside(client, options.workflowId);
  const inner = child ? await ask(client, child) : null;
  if (child && inner) {
    const within = await lookInside(client, child);
    const facts = counts.with(child, inner.facts, within.underWay);
    line.update(`${own.step} › ${inner.step}`, factsLine({ ...facts, ...within.work }));
  } else {
    // Whoever listens shows the parent's own facts in its way.
    const shown = options.onProgress ? {} : own.facts;
    const facts = counts.with(options.workflowId, shown, underWay);
    line.update(own.step, factsLine({ ...facts, ...work }));
  }
  options.onProgress?.(own, line);
  return own;
}

type IsEnough = (progress: Progress) => boolean;

/** Ends when the progress is enough, or nobody waits any more. */
async function keepLooking(
  client: Client,
  options: FollowOptions,
  { line, signal, isEnough }: { line: ProgressLine; signal: AbortSignal; isEnough: IsEnough },
): Promise<null> {
  const counts = new GrowingCounts();
  while (!signal.aborted) {
    const own = await look(client, options, { line, counts });
    if (own !== null && isEnough(own)) break;
    await sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
  return null;
}

export const cancelling = (workflowId: string): string =>
  `  Cancelling ${workflowId}; Ctrl-C again leaves it to end by itself.`;

/** Ctrl-C: rejects, or cancels the run first; a second Ctrl-C does not wait for that. */
function atInterrupt(
  shell: Shell,
  handle: WorkflowHandle,
  { workflowId, cancelOnExit }: FollowOptions,
  line: ProgressLine,
) {
  let stop = (): void => undefined;
  const hit = new Promise<never>((_resolve, reject) => {
    let asked = false;
    stop = shell.onInterrupt(() => {
      if (!cancelOnExit || asked) return reject(left(shell, workflowId));
      asked = true;
      line.note(cancelling(workflowId));
      handle.cancel().catch(reject);
    });
  });
  // Nobody waits for it any more once the run has ended.
  hit.catch(() => undefined);
  return { hit, stop };
}

/** A command line for the person to copy, with the home that this command was given. */
export const commandLine = ({ homeOption }: Pick<Shell, 'homeOption'>, words: string): string =>
  inHome(`${PROGRAM} ${words}`, homeOption);

/** For who goes away from a run: how to come back. */
export const left = (shell: Shell, workflowId: string): WatchlakeError =>
  new WatchlakeError('INTERRUPTED', {
    what: workflowId,
    command: commandLine(shell, `attach ${workflowId}`),
  });

/** The result of the run, or FailedRun; INTERRUPTED when the person went away. */
export const followRun = <Result>(
  shell: Shell,
  client: Client,
  options: FollowOptions,
): Promise<Result> => followUntil(shell, client, options, () => false) as Promise<Result>;

/** The same, or null as soon as the run's own progress is enough. */
export async function followUntil<Result>(
  shell: Shell,
  client: Client,
  options: FollowOptions,
  isEnough: IsEnough,
): Promise<Result | null> {
  const handle = client.workflow.getHandle(options.workflowId);
  return withProgress(shell.notes, async (line) => {
    const done = new AbortController();
    const interrupt = atInterrupt(shell, handle, options, line);
    const result = handle.result() as Promise<Result>;
    result.catch(() => undefined);
    const looking = keepLooking(client, options, { line, signal: done.signal, isEnough });
    try {
      return await Promise.race([result, interrupt.hit, looking]);
    } catch (error) {
      if (isWatchlakeError(error)) throw error;
      throw new FailedRun(options, error);
    } finally {
      interrupt.stop();
      done.abort();
    }
  });
}
