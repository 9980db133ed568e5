/** Glue's jobs on the loopback address: definitions and runs with their states, each run really runs its program. */
import { randomBytes } from 'node:crypto';
import * as sdk from '@aws-sdk/client-glue';
import type { Guarantee } from '../aws-gateway';
import type { JobProcess, Program } from './job-process';
import { startProcess } from './job-process';
import { jsonService, page, seconds, ServiceError } from './json-service';

export interface GlueEmulatorOptions {
  /** What a run of a script is run as; `args` as the script gets them. */
  readonly program: (script: string, args: readonly string[]) => Promise<Program>;
  /** From the start of a run until it works. */
  readonly startMs?: number;
  /** From a stop until the run has ended. */
  readonly stopMs?: number;
  readonly listLagMs?: number;
}

interface EmulatedRun {
  readonly id: string;
  readonly job: string;
  readonly input: sdk.StartJobRunRequest;
  readonly createdMs: number;
  state: sdk.JobRunState;
  startedMs?: number;
  endedMs?: number;
  error?: string;
  process?: JobProcess;
}

export interface GlueEmulator {
  readonly guarantee: Guarantee;
  jobs(): string[];
  runs(): EmulatedRun[];
  /** The service loses it: ERROR, as when its workers cannot be had. */
  loseRun(id: string): void;
  /** The next runs that start fail in turn so, without their program. */
  failNextRuns(messages: readonly string[]): void;
  /** How many runs of all jobs the account may have at once; as many as there are when absent. */
  limitRuns(most?: number): void;
  stop(): Promise<void>;
}

const PAGE = 5;
const LIVE: readonly string[] = ['WAITING', 'STARTING', 'RUNNING', 'STOPPING'];
const SECOND_MS = 1000;

export function createGlueEmulator(options: GlueEmulatorOptions): GlueEmulator {
  const { startMs = 60, stopMs = 1_000, listLagMs = 0 } = options;
  const jobs = new Map<string, sdk.CreateJobRequest>();
  const runs: EmulatedRun[] = [];
  const working = new Set<Promise<unknown>>();
  const timers = new Set<NodeJS.Timeout>();
  let failures: string[] = [];
  let mostRuns = Infinity;

  const later = (ms: number, work: () => void): void => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      work();
    }, ms);
    timers.add(timer);
  };

  function track(work: Promise<unknown>): void {
    const tracked = work.finally(() => working.delete(tracked));
    working.add(tracked);
  }

  function jobNamed(name: string): sdk.CreateJobRequest {
    const job = jobs.get(name);
    if (job !== undefined) return job;
    throw new ServiceError('EntityNotFoundException', `Failed to find job ${name}`);
  }

  function runNamed(job: string, id: string): EmulatedRun {
    const run = runs.find((each) => each.job === job && each.id === id);
    if (run !== undefined) return run;
    throw new ServiceError('EntityNotFoundException', `Job run ${id} is not found.`);
  }

  async function work(run: EmulatedRun): Promise<void> {
    if (run.state !== 'STARTING') return;
    const job = jobNamed(run.job);
    const message = failures.shift();
    run.state = 'RUNNING';
    run.startedMs = Date.now();
    const given = { ...job.DefaultArguments, ...run.input.Arguments };
    const own = ['--JOB_NAME', run.job, '--JOB_RUN_ID', run.id];
    const args = [...own, ...Object.entries(given).flat()];
    const fails: Program = { command: '/bin/sh', args: ['-c', 'exit 1'], env: {} };
    const script = job.Command?.ScriptLocation ?? '';
    const program = message ? fails : await options.program(script, args);
    if ((run.state as string) !== 'RUNNING') return void (await program.cleanUp?.());
    run.process = startProcess(program);
    const { code, stderr } = await run.process.ended;
    if ((run.state as string) !== 'RUNNING') return;
    run.endedMs = Date.now();
    run.state = code === 0 ? 'SUCCEEDED' : 'FAILED';
    if (code !== 0) run.error = message ?? stderr.trim().split('\n').at(-1) ?? '';
  }

  function end(run: EmulatedRun, state: sdk.JobRunState, error?: string): void {
    run.state = state;
    run.endedMs = Date.now();
    run.error = error;
    run.process?.kill();
  }

  /** It takes a while to end. */
  function stop(run: EmulatedRun): void {
    run.state = 'STOPPING';
    run.process?.kill();
    later(stopMs, () => {
      if (run.state === 'STOPPING') end(run, 'STOPPED');
    });
  }

  function runOf(run: EmulatedRun): Record<string, unknown> {
    const { WorkerType, NumberOfWorkers = 1, DefaultArguments } = jobNamed(run.job);
    const { startedMs, endedMs } = run;
    const ran = startedMs === undefined ? 0 : ((endedMs ?? Date.now()) - startedMs) / SECOND_MS;
    return {
      ...{ Id: run.id, JobName: run.job, JobRunState: run.state, ErrorMessage: run.error },
      // Without the arguments that the definition itself has.
      Arguments: run.input.Arguments ?? DefaultArguments,
      ...{ WorkerType, NumberOfWorkers, ExecutionTime: Math.round(ran), DPUSeconds: ran },
      StartedOn: seconds(run.createdMs),
      CompletedOn: seconds(endedMs),
    };
  }

  const guarantee = jsonService({
    prefix: 'AWSGlue',
    sdk,
    inputOf: (operation) => `${operation}Request`,
    invalid: 'InvalidInputException',
    shares: true,
    operations: {
      CreateJob(job: sdk.CreateJobRequest) {
        const name = job.Name as string;
        if (jobs.has(name)) throw new ServiceError('AlreadyExistsException', 'Job already exists.');
        jobs.set(name, job);
        return { Name: name };
      },
      GetJob({ JobName }: { JobName: string }) {
        const { Tags: _tags, ...job } = jobNamed(JobName);
        return { Job: { ...job, CreatedOn: seconds(Date.now()) } };
      },
      UpdateJob({ JobName, JobUpdate }: { JobName: string; JobUpdate: sdk.JobUpdate }) {
        const { Name, Tags } = jobNamed(JobName);
        jobs.set(JobName, { ...JobUpdate, Name, Tags } as sdk.CreateJobRequest);
        return { JobName };
      },
      DeleteJob({ JobName }: { JobName: string }) {
        jobs.delete(JobName);
        return { JobName };
      },
      StartJobRun(input: sdk.StartJobRunRequest) {
        const name = input.JobName as string;
        const { ExecutionProperty } = jobNamed(name);
        if (runs.filter(({ state }) => LIVE.includes(state)).length >= mostRuns) {
          const message = 'Failed to start job run due to exceeded resource number limit';
          throw new ServiceError('ResourceNumberLimitExceededException', message);
        }
        const live = runs.filter(({ job, state }) => job === name && LIVE.includes(state)).length;
        if (live >= (ExecutionProperty?.MaxConcurrentRuns ?? 1)) {
          const message = `Concurrent runs exceeded for ${name}`;
          throw new ServiceError('ConcurrentRunsExceededException', message);
        }
        const id = `jr_${randomBytes(32).toString('hex')}`;
        const run: EmulatedRun = { id, job: name, input, createdMs: Date.now(), state: 'STARTING' };
        runs.push(run);
        later(startMs, () => track(work(run)));
        return { JobRunId: id };
      },
      GetJobRun({ JobName, RunId }: { JobName: string; RunId: string }) {
        return { JobRun: runOf(runNamed(JobName, RunId)) };
      },
      GetJobRuns({ JobName, NextToken }: { JobName: string; NextToken?: string }) {
        jobNamed(JobName);
        const seen = runs.filter(
          ({ job, createdMs }) => job === JobName && Date.now() - createdMs >= listLagMs,
        );
        const { items, next } = page(seen.reverse(), NextToken, PAGE);
        return { JobRuns: items.map(runOf), NextToken: next };
      },
      BatchStopJobRun({ JobName, JobRunIds }: { JobName: string; JobRunIds: string[] }) {
        const known = JobRunIds.map((id) => runNamed(JobName, id));
        const [live, ended] = [
          known.filter(({ state }) => LIVE.includes(state)),
          known.filter(({ state }) => !LIVE.includes(state)),
        ];
        for (const run of live) stop(run);
        const ErrorDetail = { ErrorCode: 'InvalidJobRunState', ErrorMessage: 'It has ended.' };
        return {
          SuccessfulSubmissions: live.map(({ id }) => ({ JobName, JobRunId: id })),
          Errors: ended.map(({ id }) => ({ JobName, JobRunId: id, ErrorDetail })),
        };
      },
    },
  });

  return {
    guarantee,
    jobs: () => [...jobs.keys()],
    runs: () => [...runs],
    loseRun(id) {
      const run = runs.find((each) => each.id === id);
      if (run !== undefined) end(run, 'ERROR', 'Internal service error');
    },
    failNextRuns: (messages) => void (failures = [...messages]),
    limitRuns: (most = Infinity) => void (mostRuns = most),
    async stop() {
      for (const timer of timers) clearTimeout(timer);
      for (const run of runs) run.process?.kill();
      await Promise.all(working);
    },
  };
}
