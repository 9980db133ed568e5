/** How a job has ended, by what its runner has left behind and by what the service says. */
import { WatchlakeError } from '../../../core/errors';
import { isLastingFailure } from '../spark/lasting';
import type { RunnerResult } from '../spark/manifest';
import type { RunnerAnswer, RunnerError } from '../spark/process';
import { TIME_LIMIT } from '../spark/process';
import { shortened } from '../spark/root-cause';
import type { Followed } from './follow';
import type { Choice } from './records';
import * as records from './records';
import type { Ended, Generation, JobDeps, Work } from './work';
import { resultKey } from './work';

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

export const failed = (
  again: boolean,
  code: 'JOB_FAILED' | 'JOB_LOST' | 'JOB_STOPPED' | 'JOBS_AT_LIMIT',
  facts: object,
) => ({ how: 'failed', again, error: new WatchlakeError(code, { ...facts }) }) as const;

async function completed(
  deps: JobDeps,
  { isThere, dataset, table }: Work,
  generation: Generation,
  { chosen, status, result }: { chosen: Choice; status: Followed; result: RunnerResult },
): Promise<Ended> {
  const { number, claim } = generation;
  const { id, session } = chosen;
  const known = { service: deps.service.name, place: claim.place, id };
  if (!(await isThere(result))) {
    const detail = 'its files have been removed';
    return failed(true, 'JOB_LOST', { ...known, name: `${dataset}.${table}`, detail });
  }
  const duplicates = await stopOthers(deps, generation, chosen);
  const counted = { generation: number, session, duplicates, seconds: status.seconds };
  return { how: 'done', job: { result, facts: { ...known, ...counted } } };
}

const wordsOf = ({ type, detail }: RunnerError): string =>
  shortened(`${type.split('.').at(-1)}: ${detail}`);

/** Whoever loses or stops a job makes its runner fail first: there the service knows better than the runner. */
function judgedByService(
  { verdict, reason, state }: Followed,
  { facts, isOurs, words }: { facts: object; isOurs: boolean; words: string | undefined },
): Ended | null {
  const said = shortened(reason) || state;
  const detail = words === undefined ? said : shortened(`${said} (its runner: ${words})`);
  if (verdict === 'stopped') return failed(!isOurs, 'JOB_STOPPED', { ...facts, why: detail });
  return verdict === 'lost' ? failed(true, 'JOB_LOST', { ...facts, detail }) : null;
}

/** What the runner has done, or will fail at again, is its own word: it is there at once. Of its end the service is asked. */
export async function judge(
  deps: JobDeps,
  work: Work,
  generation: Generation,
  { chosen, status }: { chosen: Choice; status: Followed },
): Promise<Ended> {
  const { store, service } = deps;
  const { place } = generation.claim;
  const name = `${work.dataset}.${work.table}`;
  const facts = { name, service: service.name, id: chosen.id, place };
  const key = resultKey(generation, chosen.attempt);
  const answer = await records.readOrNull<RunnerAnswer>(store, key);
  if (answer?.ok) {
    return completed(deps, work, generation, { chosen, status, result: answer.result });
  }
  if (answer === null && status.lacksRoom) {
    return failed(true, 'JOBS_AT_LIMIT', { ...facts, detail: shortened(status.reason) });
  }
  const isOurs = chosen.session === work.context.session;
  const error = answer?.error;
  if (error?.type === TIME_LIMIT) {
    return failed(!isOurs, 'JOB_STOPPED', { ...facts, why: error.detail });
  }
  const words = error && wordsOf(error);
  if (error && isLastingFailure(error.type)) {
    return failed(!isOurs, 'JOB_FAILED', { ...facts, detail: words });
  }
  const judged = judgedByService(status, { facts, isOurs, words });
  if (judged !== null) return judged;
  if (words !== undefined) return failed(true, 'JOB_FAILED', { ...facts, detail: words });
  const detail = shortened(status.reason) || status.state;
  // Why that of another run has failed is that run's to tell: here a new generation need not wait for it.
  const { cause, unread } = isOurs
    ? await service.rootCause(place, chosen.id, work.signal)
    : { cause: null };
  const said = unread === undefined ? detail : `${detail} (its log could not be read: ${unread})`;
  return failed(true, 'JOB_FAILED', { ...facts, detail: cause ?? said });
}
