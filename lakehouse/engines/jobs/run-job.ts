/**
 * One piece of work, done once by a service that may start it twice: what runs is adopted, what has
 * completed is returned, and a new generation starts only after the one before has failed for good.
 */
import { WatchlakeError } from '../../../core/errors';
import { follow } from './follow';
import { failed, judge } from './judge';
import type { Choice, Claim } from './records';
import * as records from './records';
import { waitForRoom } from './room';
import { startOnce } from './start-once';
import type { Ended, FinishedJob, Generation, JobDeps, Work } from './work';
import { resultKey } from './work';

/** A generation that is there, the newest, or the first one. */
async function newestGeneration(deps: JobDeps, work: Work, prefix: string): Promise<Generation> {
  const newest = (await records.numberedFolders(deps.store, prefix)).at(-1);
  if (newest === undefined) return nextGeneration(deps, work, { prefix, number: 1 });
  const claim = (await records.readClaim(deps.store, newest.folder)) as Claim;
  return { ...newest, claim };
}

async function nextGeneration(
  { store, service }: JobDeps,
  { context, dataset, signal }: Work,
  { prefix, number }: { prefix: string; number: number },
): Promise<Generation> {
  const folder = `${prefix}${number}/`;
  if (await records.isEnded(store, dataset, context.session)) {
    throw new WatchlakeError('JOB_STOPPED', { id: context.session, why: 'its run has ended' });
  }
  const place = await service.place(context, { dataset, signal });
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
          // Nobody may be there any more to stop it.
          '--seconds': String(Math.ceil(limits.jobMs / 1000)),
        },
      }),
    stop: (started) => service.stop(place, started),
    isEnded: () => records.isEnded(store, dataset, context.session),
    whenFull: roomFor({ service, limits }, { context, table, signal }, place),
  });
}

const roomFor = (
  { service, limits: { pace, roomMs } }: Pick<JobDeps, 'service' | 'limits'>,
  { context, table, signal }: Pick<Work, 'context' | 'table' | 'signal'>,
  place: string,
) =>
  waitForRoom({
    ...{ pace, roomMs, signal },
    onFull: (state) => context.report({ service: service.name, table, place, state }),
  });

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
      const isOurs = chosen.session === context.session;
      return failed(!isOurs, 'JOB_STOPPED', { ...known, name: work.table, why });
    }
    return await judge(deps, work, generation, { chosen, status });
  } catch (error) {
    // Another attempt of this activity adopts it, unless the whole run is to end.
    if (context.isCancelled() && chosen.session === context.session) await service.stop(place, id);
    throw error;
  }
}

/** JOB_FAILED at once for what will fail again; for the rest, and JOB_LOST, after as many generations as may be tried; JOBS_AT_LIMIT when there is no room for hours. */
export async function runJob(deps: JobDeps, work: Work): Promise<FinishedJob> {
  const prefix = `${records.jobsFolder(work.dataset)}${work.id}/${deps.service.name}/`;
  let generation = await newestGeneration(deps, work, prefix);
  let whenFull: ReturnType<typeof waitForRoom> | undefined;
  for (;;) {
    const ended = await carryThrough(deps, work, generation);
    if (ended.how === 'done') return ended.job;
    const { error, again } = ended;
    if (error.code === 'JOBS_AT_LIMIT') {
      await records.markFull(deps.store, generation.folder);
      whenFull ??= roomFor(deps, work, generation.claim.place);
      await whenFull(error);
    } else {
      const tried = await triedBy(deps, work, prefix);
      if (!again || tried >= deps.limits.generations) throw error;
      whenFull = undefined;
    }
    generation = await nextGeneration(deps, work, { prefix, number: generation.number + 1 });
  }
}

/** Generations that this session has claimed, besides those that got no machines. */
async function triedBy({ store }: JobDeps, { context }: Work, prefix: string): Promise<number> {
  let tried = 0;
  for (const { folder } of await records.numberedFolders(store, prefix)) {
    const claim = await records.readClaim(store, folder);
    if (claim?.session !== context.session) continue;
    if (!(await records.wasFull(store, folder))) tried += 1;
  }
  return tried;
}
