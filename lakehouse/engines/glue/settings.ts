/** What a job of Glue is made of, as the configuration says: its name tells its content. */
import type { CreateJobRequest, JobUpdate, WorkerType } from '@aws-sdk/client-glue';
import { contentHash } from '../../../core/hash';
import { ENVIRONMENT_TAG } from '../emr/settings';

export interface GlueSettings {
  /** Of what `watchlake provision` has made; part of names and tags. */
  readonly environment: string;
  readonly role: string;
  readonly glueVersion: string;
  readonly workerType: WorkerType;
  /** Most that a run may scale to. */
  readonly workers: number;
  readonly timeoutMinutes: number;
}

const RUNS_AT_ONCE = 20;

export interface JobDefinition {
  readonly name: string;
  readonly update: JobUpdate;
  readonly create: CreateJobRequest;
}

/** `program`: URI of the runner. Another runner or other settings are another job. */
export function jobDefinition(settings: GlueSettings, program: string): JobDefinition {
  const { environment, role, glueVersion, workerType, workers, timeoutMinutes } = settings;
  const update = {
    Description: 'Builds tables of Watchlake',
    Role: role,
    Command: { Name: 'glueetl', ScriptLocation: program, PythonVersion: '3' },
    DefaultArguments: {
      '--job-language': 'python',
      '--job-bookmark-option': 'job-bookmark-disable',
      '--enable-auto-scaling': 'true',
    },
    ExecutionProperty: { MaxConcurrentRuns: RUNS_AT_ONCE },
    // A second try is ours to decide.
    MaxRetries: 0,
    Timeout: timeoutMinutes,
    GlueVersion: glueVersion,
    WorkerType: workerType,
    NumberOfWorkers: workers,
  } satisfies JobUpdate;
  const name = `watchlake-${environment}-${contentHash(update, 12)}`;
  return {
    name,
    update,
    create: { ...update, Name: name, Tags: { [ENVIRONMENT_TAG]: environment } },
  };
}
