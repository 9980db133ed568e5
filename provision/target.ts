/** What is provisioned: a named environment around one bucket, and the names that follow from it. */

/** As a workflow's input gives it, defaults filled in. */
export interface Target {
  readonly environment: string;
  readonly bucket: string;
  /** Of the lake within the bucket; empty, or without slashes at its ends. */
  readonly prefix: string;
  readonly region?: string;
  readonly vpc?: string;
  readonly databases: readonly string[];
  /** Of the format `stedi`, besides the one of that name: jobs may use their folders. */
  readonly datasets?: readonly string[];
  /** What one query may read at most, in GB of 10^9 bytes. */
  readonly queryLimitGb: number;
}

/** What only the account knows. */
export interface AccountFacts {
  readonly account: string;
  readonly region: string;
  /** `aws`, `aws-cn` or `aws-us-gov`. */
  readonly partition: string;
  /** The VPC's route tables that no endpoint of somebody else serves; empty without a VPC. */
  readonly routeTables: readonly string[];
  /** Of KMS, with which the bucket encrypts by default, as it is named there; absent without one. */
  readonly bucketKey?: string;
}

export const ENVIRONMENT_TAG = 'watchlake-environment';

export const namesOf = ({ environment }: Pick<Target, 'environment'>) => ({
  glueRole: `watchlake-${environment}-glue`,
  emrRole: `watchlake-${environment}-emr`,
  emrInstanceRole: `watchlake-${environment}-emr-instance`,
  workgroup: `watchlake-${environment}`,
});

/** `key` under the lake's prefix. */
export const keyIn = ({ prefix }: Pick<Target, 'prefix'>, key: string): string =>
  prefix === '' ? key : `${prefix}/${key}`;

/** Folder of what Athena answers, under the lake's prefix. */
export const QUERY_RESULTS = 'athena/results/';
