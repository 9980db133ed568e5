/** The engines that AWS runs, opened from their settings: EMR's clusters and Glue's jobs. */
import { EMRClient } from '@aws-sdk/client-emr';
import { GlueClient } from '@aws-sdk/client-glue';
import type { S3Client } from '@aws-sdk/client-s3';
import type { AwsOptions } from '../../core/aws';
import { awsClientConfig } from '../../core/aws';
import type { CloudEngineName } from '../../core/engine-names';
import type { Store } from '../ports';
import type { S3Access } from '../stores/s3/bucket';
import { createS3Client } from '../stores/s3/bucket';
import { createEmrService } from './emr/service';
import type { EmrSettings } from './emr/settings';
import { createGlueService } from './glue/service';
import type { GlueSettings } from './glue/settings';
import type { Pace } from './jobs/follow';
import { PACE } from './jobs/follow';
import type { JobService } from './jobs/ports';
import type { PriceTable } from './jobs/prices';
import type { JobLimits } from './jobs/work';

export interface CloudOptions {
  /** CONFIG_INVALID, when called, for what is not configured. */
  readonly emr: () => EmrSettings;
  readonly glue: () => GlueSettings;
  readonly prices: () => PriceTable;
  readonly jobMs: number;
  readonly logWaitMs: number;
  readonly aws?: AwsOptions;
  readonly s3?: S3Access;
  readonly pace?: Pace;
  readonly graceMs?: number;
  readonly roomMs?: number;
  readonly logEveryMs?: number;
}

/** Generations of one session, and clusters of one. */
const MOST = 3;
const GRACE_MS = 30_000;
// Of an attempt of the activity that builds, which takes six hours at most.
const ROOM_MS = 2 * 3_600_000;
const LOG_EVERY_MS = 15_000;

export const jobLimits = (options: CloudOptions): JobLimits => ({
  pace: options.pace ?? PACE,
  graceMs: options.graceMs ?? GRACE_MS,
  roomMs: options.roomMs ?? ROOM_MS,
  generations: MOST,
  jobMs: options.jobMs,
});

export function openService(
  name: CloudEngineName,
  store: Store,
  options: CloudOptions,
): JobService {
  const { aws, s3: access, graceMs = GRACE_MS } = options;
  const config = awsClientConfig(aws);
  const prices = options.prices();
  const once = { ...config, maxAttempts: 1 };
  if (name === 'glue') {
    const clients = { client: new GlueClient(config), starter: new GlueClient(once) };
    return createGlueService({ store, ...clients, settings: options.glue(), prices });
  }
  let s3: S3Client | undefined;
  return createEmrService({
    ...{ store, client: new EMRClient(config), starter: new EMRClient(once) },
    ...{ settings: options.emr(), prices, graceMs },
    mostClusters: MOST,
    logs: {
      s3: () => (s3 ??= createS3Client({ ...access, aws })),
      waitMs: options.logWaitMs,
      everyMs: options.logEveryMs ?? LOG_EVERY_MS,
    },
  });
}
