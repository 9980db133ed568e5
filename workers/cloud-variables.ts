/** The variables of the engines that AWS runs; config.ts reads them with the others. */
import { WorkerType } from '@aws-sdk/client-glue';
import { z } from 'zod';

const count = z.coerce.number().int().min(0);
const instanceType = z.string().regex(/^[a-z0-9-]+\.[a-z0-9-]+$/);

export const CLOUD_VARIABLES = {
  AWS_ENVIRONMENT: z
    .string()
    .regex(/^[a-z0-9][a-z0-9._-]{0,31}$/)
    .optional()
    .describe(
      'Environment that `watchlake provision` has made: names the roles of the engines emr and glue, and is part of the names and tags of what they start.',
    ),
  EMR_RELEASE_LABEL: z
    .string()
    .regex(/^emr-\d+\.\d+\.\d+$/)
    .default('emr-7.12.0')
    .describe('Release of EMR; 7.12.0 has the Spark 3.5.6 that the tests run.'),
  EMR_PRIMARY_TYPE: instanceType
    .default('m5.xlarge')
    .describe("Instance type of a cluster's primary node, on which Spark's driver runs."),
  EMR_CORE_TYPE: instanceType.default('m5.xlarge').describe('Instance type of core nodes.'),
  EMR_CORE_INSTANCES: count
    .min(1)
    .default(1)
    .describe('Core nodes; always on demand, for as long as the cluster lives.'),
  EMR_TASK_TYPE: instanceType
    .default('m5.xlarge')
    .describe('Instance type of task nodes, which managed scaling adds and takes away.'),
  EMR_TASK_SPOT: z
    .stringbool()
    .default(true)
    .describe('Whether task nodes come from the spot market; AWS may take those back at any time.'),
  EMR_MAXIMUM_INSTANCES: count
    .min(1)
    .default(8)
    .describe('Most core and task nodes together; no more than EMR_CORE_INSTANCES: no scaling.'),
  EMR_SUBNET: z
    .string()
    .regex(/^subnet-[0-9a-f]+$/)
    .optional()
    .describe('Subnet of the clusters. Default: one of the default VPC.'),
  EMR_LOG_URI: z
    .string()
    .regex(/^s3:\/\/.+/)
    .optional()
    .describe('Where clusters write their logs, `s3://…`. Default: `logs/emr/` in the lake.'),
  EMR_SERVICE_ROLE: z
    .string()
    .optional()
    .describe('Service role of clusters. Default: `watchlake-<AWS_ENVIRONMENT>-emr`.'),
  EMR_INSTANCE_PROFILE: z
    .string()
    .optional()
    .describe(
      "Instance profile of a cluster's machines. Default: `watchlake-<AWS_ENVIRONMENT>-emr-instance`.",
    ),
  EMR_IDLE_MINUTES: count
    .min(1)
    .max(7 * 24 * 60)
    .default(15)
    .describe(
      'A cluster that has had nothing to do for so long ends by itself, should nobody have ended it.',
    ),
  EMR_STEPS_AT_ONCE: count
    .min(1)
    .max(256)
    .default(4)
    .describe('Tables that one cluster builds side by side.'),
  EMR_LOG_WAIT_SECONDS: count
    .max(3600)
    .default(360)
    .describe(
      "How long to wait for a failed step's log, which reaches S3 some minutes after the step has ended.",
    ),
  GLUE_ROLE: z
    .string()
    .optional()
    .describe('Service role of Glue jobs. Default: `watchlake-<AWS_ENVIRONMENT>-glue`.'),
  GLUE_VERSION: z
    .string()
    .regex(/^\d+\.\d+$/)
    .default('5.0')
    .describe('Version of Glue; 5.0 has Spark 3.5.'),
  GLUE_WORKER_TYPE: z
    .enum(Object.values(WorkerType) as [WorkerType, ...WorkerType[]])
    .default('G.1X')
    .describe('Type of the workers of a Glue job.'),
  GLUE_WORKERS: count
    .min(2)
    .max(299)
    .default(10)
    .describe('Most workers that a job run may scale to.'),
  JOB_LIMIT_MINUTES: count
    .min(5)
    .max(2880)
    .default(720)
    .describe('A step of EMR or a job run of Glue that takes longer is stopped.'),
  CLOUD_PRICES_FILE: z
    .string()
    .optional()
    .describe(
      'JSON file with the prices that costs are estimated with. Default: the dated list of some regions that comes along; docs/emr.md shows its form.',
    ),
} as const;
