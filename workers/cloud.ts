/** What the engines emr and glue run with, as the configuration says; roles come from `watchlake provision`. */
import { WatchlakeError } from '../core/errors';
import type { CloudOptions } from '../lakehouse/engines/cloud';
import type { EmrSettings } from '../lakehouse/engines/emr/settings';
import type { GlueSettings } from '../lakehouse/engines/glue/settings';
import { readPrices } from '../lakehouse/engines/jobs/prices';
import { namesOf } from '../provision/target';
import type { Config } from './config';
import { s3Access } from './s3';

const EMR_LOGS = 'logs/emr/';
const MINUTE_MS = 60_000;
// What is started by roles of one's own carries this name.
const UNNAMED = 'default';

/** A role that was given, or the one that `provision` gives this name. */
function roleOf(
  { AWS_ENVIRONMENT: environment }: Config,
  given: { variable: string; value?: string; role: 'glueRole' | 'emrRole' | 'emrInstanceRole' },
): string {
  const { variable, value, role } = given;
  if (value !== undefined) return value;
  if (environment !== undefined) return namesOf({ environment })[role];
  const problems = `AWS_ENVIRONMENT: give the environment that \`watchlake provision\` has made, or ${variable} for a role of your own`;
  throw new WatchlakeError('CONFIG_INVALID', { problems });
}

function emrSettings(config: Config): EmrSettings {
  const [service, profile] = [config.EMR_SERVICE_ROLE, config.EMR_INSTANCE_PROFILE];
  return {
    environment: config.AWS_ENVIRONMENT ?? UNNAMED,
    releaseLabel: config.EMR_RELEASE_LABEL,
    primaryType: config.EMR_PRIMARY_TYPE,
    coreType: config.EMR_CORE_TYPE,
    coreInstances: config.EMR_CORE_INSTANCES,
    taskType: config.EMR_TASK_TYPE,
    taskSpot: config.EMR_TASK_SPOT,
    maximumInstances: config.EMR_MAXIMUM_INSTANCES,
    subnet: config.EMR_SUBNET,
    logUri: config.EMR_LOG_URI ?? `${config.LAKE_URI.replace(/\/?$/, '/')}${EMR_LOGS}`,
    serviceRole: roleOf(config, {
      ...{ variable: 'EMR_SERVICE_ROLE', value: service, role: 'emrRole' },
    }),
    instanceProfile: roleOf(config, {
      ...{ variable: 'EMR_INSTANCE_PROFILE', value: profile, role: 'emrInstanceRole' },
    }),
    idleSeconds: config.EMR_IDLE_MINUTES * 60,
    stepsAtOnce: config.EMR_STEPS_AT_ONCE,
  };
}

function glueSettings(config: Config): GlueSettings {
  return {
    environment: config.AWS_ENVIRONMENT ?? UNNAMED,
    role: roleOf(config, { variable: 'GLUE_ROLE', value: config.GLUE_ROLE, role: 'glueRole' }),
    glueVersion: config.GLUE_VERSION,
    workerType: config.GLUE_WORKER_TYPE,
    workers: config.GLUE_WORKERS,
    timeoutMinutes: config.JOB_LIMIT_MINUTES,
  };
}

export const cloudOptions = (config: Config): CloudOptions => ({
  emr: () => emrSettings(config),
  glue: () => glueSettings(config),
  prices: () => readPrices(config.CLOUD_PRICES_FILE),
  jobMs: config.JOB_LIMIT_MINUTES * MINUTE_MS,
  logWaitMs: config.EMR_LOG_WAIT_SECONDS * 1000,
  s3: s3Access(config),
});
