/** What the engines of AWS run with in tests: small, quick, and known by its names. */
import type { CloudOptions } from '../../../lakehouse/engines/cloud';
import { readPrices } from '../../../lakehouse/engines/jobs/prices';
import { BUCKET } from '../s3-names';

const QUICK: Pick<CloudOptions, 'pace' | 'graceMs' | 'logEveryMs' | 'logWaitMs' | 'jobMs'> = {
  pace: { firstMs: 50, growth: 1.2, longestMs: 300, silenceMs: 20_000 },
  ...{ graceMs: 1_500, logEveryMs: 100, logWaitMs: 5_000, jobMs: 300_000 },
};

export const jobCloudOptions = (
  aws: CloudOptions['aws'],
  changes: Partial<CloudOptions> = {},
): CloudOptions => ({
  emr: () => ({
    ...{ environment: 'tests', releaseLabel: 'emr-7.12.0', stepsAtOnce: 4, idleSeconds: 600 },
    ...{ primaryType: 'm5.xlarge', coreType: 'm5.xlarge', coreInstances: 1, taskType: 'm5.xlarge' },
    ...{ taskSpot: true, maximumInstances: 4, logUri: `s3://${BUCKET}/logs/` },
    ...{ serviceRole: 'watchlake-tests-emr', instanceProfile: 'watchlake-tests-emr-instance' },
  }),
  glue: () => ({
    ...{ environment: 'tests', role: 'watchlake-tests-glue', glueVersion: '5.0' },
    ...{ workerType: 'G.1X', workers: 2, timeoutMinutes: 60 },
  }),
  prices: () => readPrices(),
  ...QUICK,
  aws,
  s3: { pathStyle: true },
  ...changes,
});
