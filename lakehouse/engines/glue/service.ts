/** Jobs as job runs of Glue: one definition by the content of the runner, a run for each table. */
import { isDeepStrictEqual } from 'node:util';
import {
  BatchStopJobRunCommand,
  CreateJobCommand,
  GetJobCommand,
  GetJobRunCommand,
  GetJobRunsCommand,
  StartJobRunCommand,
  UpdateJobCommand,
  type GlueClient,
  type JobRun,
} from '@aws-sdk/client-glue';
import { callingAws, isAwsError } from '../../../core/aws';
import { WatchlakeError } from '../../../core/errors';
import { writeJson } from '../../json';
import type { Store } from '../../ports';
import { FORGOTTEN, unlessForgotten } from '../jobs/forgotten';
import { isLive } from '../jobs/job-state';
import { shipRunner } from '../jobs/program';
import type { Found, JobService, JobStatus } from '../jobs/ports';
import type { PriceTable } from '../jobs/prices';
import * as records from '../jobs/records';
import { runsCost } from './cost';
import type { GlueSettings } from './settings';
import { jobDefinition } from './settings';

export interface GlueServiceOptions {
  readonly store: Store;
  readonly client: GlueClient;
  /** One that never sends a request twice by itself. */
  readonly starter: GlueClient;
  readonly settings: GlueSettings;
  readonly prices: PriceTable;
}

// The service's clock and ours differ.
const SLACK_MS = 60 * 60_000;
const SESSION = '--session';
// Of the job, and of the account: https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-jobs-runs.html
const FULL = ['ConcurrentRunsExceededException', 'ResourceNumberLimitExceededException'];

// Of a run that was started and had to wait for machines, until Glue gave it up:
// https://docs.aws.amazon.com/glue/latest/dg/job-run-statuses.html
const NO_ROOM = /max(imum)? concurrent (runs|compute)|resource unavailable/i;
const GIVEN_UP: readonly string[] = ['FAILED', 'ERROR'];

const call = <T>(action: string, send: () => Promise<T>): Promise<T> =>
  callingAws(`glue:${action}`, send);

/** Made when it is not there; set right again when somebody has changed it. */
async function ensureJob(client: GlueClient, settings: GlueSettings, program: string) {
  const { name, update, create } = jobDefinition(settings, program);
  const found = await call('GetJob', async () => {
    const request = new GetJobCommand({ JobName: name });
    return client.send(request).catch((error: unknown) => {
      if (isAwsError(error, 'EntityNotFoundException')) return null;
      throw error;
    });
  });
  if (found?.Job === undefined) {
    await call('CreateJob', () =>
      client.send(new CreateJobCommand(create)).catch((error: unknown) => {
        // Somebody else makes the same one at the same time.
        if (!isAwsError(error, 'AlreadyExistsException', 'IdempotentParameterMismatchException')) {
          throw error;
        }
      }),
    );
    return name;
  }
  const present = found.Job as Record<string, unknown>;
  const differs = Object.entries(update).some(
    ([field, value]) => !isDeepStrictEqual(present[field], value),
  );
  if (differs) {
    const request = new UpdateJobCommand({ JobName: name, JobUpdate: update });
    await call('UpdateJob', () => client.send(request));
  }
  return name;
}

/** Newest first, down to those that were started before. */
async function runsSince(client: GlueClient, JobName: string, sinceMs: number): Promise<JobRun[]> {
  const runs: JobRun[] = [];
  let NextToken: string | undefined;
  do {
    const request = new GetJobRunsCommand({ JobName, NextToken });
    const page = await unlessForgotten(() => call('GetJobRuns', () => client.send(request)), null);
    if (page === null) return runs;
    const found = page.JobRuns ?? [];
    runs.push(...found.filter(({ StartedOn }) => (StartedOn?.getTime() ?? Infinity) >= sinceMs));
    const last = found.at(-1)?.StartedOn?.getTime() ?? Infinity;
    NextToken = last < sinceMs ? undefined : page.NextToken;
  } while (NextToken !== undefined);
  return runs;
}

const stateOf = ({ JobRunState = 'WAITING' }: JobRun): string => JobRunState;

const foundOf = (run: JobRun): Found => ({
  id: run.Id ?? '',
  attempt: run.Arguments?.['--attempt'] ?? '',
  isLive: isLive(stateOf(run)),
});

async function statusOf(client: GlueClient, JobName: string, RunId: string): Promise<JobStatus> {
  const request = new GetJobRunCommand({ JobName, RunId });
  const gone: JobRun = { JobRunState: 'ERROR', ErrorMessage: FORGOTTEN };
  const run = await unlessForgotten(async () => {
    const { JobRun: found } = await call('GetJobRun', () => client.send(request));
    return found;
  }, gone);
  const { JobRunState: state = 'WAITING', ErrorMessage = '', ExecutionTime = 0 } = run ?? {};
  const reason = ErrorMessage || (run?.StateDetail ?? '');
  const lacksRoom = GIVEN_UP.includes(state) && NO_ROOM.test(reason);
  return { state, reason, seconds: ExecutionTime, lacksRoom };
}

/** JOBS_AT_LIMIT where as many run as may: none was started. */
function startRun(starter: GlueClient, request: StartJobRunCommand) {
  return call('StartJobRun', () =>
    starter.send(request).catch((error: unknown) => {
      if (!isAwsError(error, ...FULL)) throw error;
      const detail = (error as Error).message;
      throw new WatchlakeError('JOBS_AT_LIMIT', { service: 'glue', detail }, error);
    }),
  );
}

async function stopRuns(client: GlueClient, JobName: string, ids: readonly string[]) {
  if (ids.length === 0) return;
  const request = new BatchStopJobRunCommand({ JobName, JobRunIds: [...ids] });
  // One that has ended meanwhile is named as an error in the answer, and is none.
  await call('BatchStopJobRun', () => client.send(request));
}

export function createGlueService(options: GlueServiceOptions): JobService {
  const { store, client, starter, settings, prices } = options;
  const jobsOf = (dataset: string, session: string): string =>
    `${records.sessionFolder(dataset, session)}jobs/`;

  return {
    name: 'glue',
    async place({ session }, { dataset }) {
      const name = await ensureJob(client, settings, await shipRunner(store));
      const key = `${jobsOf(dataset, session)}${name}.json`;
      // Whoever ends the session may be of another version, which has another job.
      if (!(await store.has(key))) await writeJson(store, key, { at: new Date().toISOString() });
      return name;
    },
    async find(place, { chosenUri, sinceMs }) {
      const runs = await runsSince(client, place, sinceMs - SLACK_MS);
      return runs
        .filter(({ Arguments }) => Arguments?.['--chosen'] === chosenUri)
        .map(foundOf)
        .reverse();
    },
    async start(JobName, { session, arguments: given }) {
      const request = new StartJobRunCommand({
        JobName,
        Arguments: { ...given, [SESSION]: session },
      });
      const started = await unlessForgotten(() => startRun(starter, request), null);
      return started?.JobRunId ?? null;
    },
    look: (place, id) => statusOf(client, place, id),
    stop: (place, id) => stopRuns(client, place, [id]),
    // What Glue says of a failed run stands in its state; its logs are in CloudWatch.
    rootCause: async () => ({ cause: null }),
    async end(session, { dataset }) {
      await records.markEnded(store, dataset, session);
      const runs: JobRun[] = [];
      for await (const { key, modifiedMs } of store.list(jobsOf(dataset, session))) {
        const name = key.slice(jobsOf(dataset, session).length, -'.json'.length);
        const found = await runsSince(client, name, modifiedMs - SLACK_MS);
        const ours = found.filter(({ Arguments }) => Arguments?.[SESSION] === session);
        await stopRuns(
          client,
          name,
          ours.filter((run) => isLive(stateOf(run))).map(({ Id }) => Id ?? ''),
        );
        runs.push(...ours);
      }
      if (runs.length === 0) return null;
      return runsCost(runs, { prices, region: await client.config.region() });
    },
    close() {
      client.destroy();
      starter.destroy();
    },
  };
}
