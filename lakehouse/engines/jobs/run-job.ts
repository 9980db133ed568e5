/**
 * One piece of work, done once by a service that may start it twice: what runs is adopted, what has
 * completed is returned, and a new generation starts only after the one before has failed for good.
 */
import { WatchlakeError } from '../../../core/errors';
import type { JobFacts } from '../../manifest';
import type { JobContext, Store } from '../../ports';
import type { RunnerAnswer } from '../spark/process';
import type { RunnerResult } from '../spark/manifest';
import { shortened } from '../spark/root-cause';
import type { Followed, Pace } from './follow';
import { follow } from './follow';
import type { JobService } from './ports';
import type { Choice, Claim } from './records';
import * as records from './records';
import { startOnce } from './start-once';

export interface JobLimits {
  readonly pace: Pace;
  /** See `Starter`. */
  readonly graceMs: number;
  /** Generations of one session, before it gives up. */
  readonly generations: number;
  /** From the start of a job to its end. */
  readonly jobMs: number;
}

export interface JobDeps {
  readonly store: Store;
  readonly service: JobService;
  readonly limits: JobLimits;
}

export interface Work {
  readonly dataset: string;
  readonly table: string;
  /** What is done is named by its content: the id of the snapshot. */
  readonly id: string;
  readonly program: string;
  readonly manifestUri: string;
  /** Whether what a completed job has written is still there. */
  readonly isThere: (result: RunnerResult) => Promise<boolean>;
  readonly context: JobContext;
  readonly signal?: AbortSignal;
}

export interface FinishedJob {
  readonly result: RunnerResult;
  readonly facts: JobFacts;
}

interface Generation {
  readonly number: number;
  readonly folder: string;
  readonly claim: Claim;
}

type Ended =
  | { readonly how: 'done'; readonly job: FinishedJob }
  /** `again`: another generation may fare better. */
  | { readonly how: 'failed'; readonly error: WatchlakeError; readonly again: boolean };

const resultKey = ({ folder }: Generation, attempt: string): string =>
  `${folder}result-${attempt}.json`;

/** A generation that is there, the newest, or the first one. */
async function newestGeneration(deps: JobDeps, work: Work, prefix: string): Promise<Generation> {
  const newest = (await records.numberedFolders(deps.store, prefix)).at(-1);
  if (newest === undefined) return nextGeneration(deps, work, { prefix, number: 1 });
  const claim = (await records.readClaim(deps.store, newest.folder)) as Claim;
  return { ...newest, claim };
}

async function nextGeneration(
  { store, service }: JobDeps,
  { context, dataset }: Work,
  { prefix, number }: { prefix: string; number: number },
): Promise<Generation> {
  const folder = `${prefix}${number}/`;
  if (await records.isEnded(store, dataset, context.session)) {
    throw new WatchlakeError('JOB_STOPPED', { id: context.session, why: 'its run has ended' });
  }
  const place = await service.place(context, { dataset });
  return { number, folder, claim: await records.writeClaim(store, folder, { ...context, place }) };
}

function chooseStart(
  { store, service, limits }: JobDeps,
  { dataset, table, id, program, manifestUri, context, signal }: Work,
  generation: Generation,
): Promise<Choice | null> {
  const { folder, claim, number } = generation;
  const { place } = claim;
  const chosenUri = store.uriOf(records.choiceKey(folder));
  const title = `watchlake ${dataset}.${table} ${id}, generation ${number}`;
  return startOnce({
    ...{ store, folder, context, claim, signal, graceMs: limits.graceMs },
    find: () => service.find(place, { chosenUri, sinceMs: Date.parse(claim.at) }),
    start: (attempt) =>
      service.start(place, {
        ...{ title, attempt, program, session: context.session },
        arguments: {
          '--manifest': manifestUri,
          '--result': store.uriOf(resultKey(generation, attempt)),
          '--chosen': chosenUri,
          '--attempt': attempt,
        },
      }),
    stop: (started) => service.stop(place, started),
    isEnded: () => records.isEnded(store, dataset, context.session),
  });
}

/** Stops whatever else runs for the generation; gives the number of starts that did not count. */
async function stopOthers(
  { store, service }: JobDeps,
  { folder, claim }: Generation,
  chosen: Choice,
): Promise<number> {
  const chosenUri = store.uriOf(records.choiceKey(folder));
  const sinceMs = Date.parse(claim.at);
  const found = await service.find(claim.place, { chosenUri, sinceMs });
  const others = found.filter(({ id }) => id !== chosen.id);
  for (const { id, isLive } of others) if (isLive) await service.stop(claim.place, id);
  return others.length;
}

const failed = (again: boolean, code: 'JOB_FAILED' | 'JOB_LOST' | 'JOB_STOPPED', facts: object) =>
  ({ how: 'failed', again, error: new WatchlakeError(code, { ...facts }) }) as const;

/** The runner's own word comes first: it is there at once, and right also where the service's is late. */
async function judge(
  { store, service, limits }: JobDeps,
  work: Work,
  generation: Generation,
  { chosen, status }: { chosen: Choice; status: Followed },
): Promise<Ended> {
  const { place } = generation.claim;
  const name = `${work.dataset}.${work.table}`;
  const facts = { name, service: service.name, id: chosen.id, place };
  const key = resultKey(generation, chosen.attempt);
  const answer = await records.readOrNull<RunnerAnswer>(store, key);
  if (answer?.ok) {
    if (!(await work.isThere(answer.result))) {
      return failed(true, 'JOB_LOST', { ...facts, detail: 'its files have been removed' });
    }
    const { number: count, claim } = generation;
    const job = { service: service.name, place, id: chosen.id, generation: count };
    const duplicates = await stopOthers({ store, service, limits }, generation, chosen);
    const counted = { session: claim.session, duplicates, seconds: status.seconds };
    return { how: 'done', job: { result: answer.result, facts: { ...job, ...counted } } };
  }
  const isOurs = chosen.session === work.context.session;
  if (answer) {
    const { type, detail } = answer.error;
    const said = shortened(`${type.split('.').at(-1)}: ${detail}`);
    return failed(!isOurs, 'JOB_FAILED', { ...facts, detail: said });
  }
  const detail = status.reason || status.state;
  if (status.verdict === 'stopped')
    return failed(!isOurs, 'JOB_STOPPED', { ...facts, why: detail });
  if (status.verdict === 'lost') return failed(true, 'JOB_LOST', { ...facts, detail });
  const cause = await service.rootCause(place, chosen.id, work.signal);
  return failed(true, 'JOB_FAILED', { ...facts, detail: cause || detail });
}

async function carryThrough(deps: JobDeps, work: Work, generation: Generation): Promise<Ended> {
  const { service, limits } = deps;
  const { context, signal } = work;
  const { claim, number } = generation;
  const { place } = claim;
  const chosen = await chooseStart(deps, work, generation);
  if (chosen === null) {
    const detail = 'it has ended before the work could be given to it';
    return failed(true, 'JOB_LOST', { name: work.table, service: service.name, id: place, detail });
  }
  const { id } = chosen;
  const known = { service: service.name, table: work.table, place, id, generation: number };
  try {
    const status = await follow({
      look: () => service.look(place, id),
      onStatus: ({ state, cluster }) => context.report({ ...known, state, cluster }),
      ...{ signal, pace: limits.pace },
      deadlineMs: Date.parse(chosen.at) + limits.jobMs,
    });
    if (status.verdict === 'too-long') {
      await service.stop(place, id);
      const why = `it ran for more than ${Math.round(limits.jobMs / 60_000)} minutes`;
      return failed(false, 'JOB_STOPPED', { ...known, name: work.table, why });
    }
    return await judge(deps, work, generation, { chosen, status });
  } catch (error) {
    // Another attempt of this activity adopts it, unless the whole run is to end.
    if (context.isCancelled() && chosen.session === context.session) await service.stop(place, id);
    throw error;
  }
}

/** JOB_FAILED for what will fail again, JOB_LOST after as many generations as may be tried. */
export async function runJob(deps: JobDeps, work: Work): Promise<FinishedJob> {
  const prefix = `${records.jobsFolder(work.dataset)}${work.id}/${deps.service.name}/`;
  let generation = await newestGeneration(deps, work, prefix);
  for (;;) {
    const ended = await carryThrough(deps, work, generation);
    if (ended.how === 'done') return ended.job;
    const tried = await triedBy(deps, work, prefix);
    if (!ended.again || tried >= deps.limits.generations) throw ended.error;
    generation = await nextGeneration(deps, work, { prefix, number: generation.number + 1 });
  }
}

/** Generations that this session has claimed. */
async function triedBy({ store }: JobDeps, { context }: Work, prefix: string): Promise<number> {
  let tried = 0;
  for (const { folder } of await records.numberedFolders(store, prefix)) {
    const claim = await records.readClaim(store, folder);
    if (claim?.session === context.session) tried += 1;
  }
  return tried;
}
