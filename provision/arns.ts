/** The full names of the lake's resources, as policies spell them. */
import { keyIn, namesOf, type AccountFacts, type Target } from './target';

export interface Arns {
  readonly bucket: string;
  objects(key: string): string;
  /** The catalogue, the databases and their tables. */
  readonly catalog: readonly string[];
  /** A database, and the catalogue that it is part of. */
  database(name: string): readonly string[];
  role(name: string): string;
  readonly workgroup: string;
  readonly glueLogs: string;
  readonly clusters: string;
  /** Of the environment's jobs of Glue. */
  readonly jobs: string;
}

export function arnsOf(target: Target, { account, region, partition }: AccountFacts): Arns {
  const bucket = `arn:${partition}:s3:::${target.bucket}`;
  const glue = `arn:${partition}:glue:${region}:${account}`;
  const databases = target.databases.flatMap((name) => [
    `${glue}:database/${name}`,
    `${glue}:table/${name}/*`,
  ]);
  return {
    bucket,
    objects: (key) => `${bucket}/${keyIn(target, key)}`,
    catalog: [`${glue}:catalog`, ...databases],
    database: (name) => [`${glue}:catalog`, `${glue}:database/${name}`],
    role: (name) => `arn:${partition}:iam::${account}:role/${name}`,
    workgroup: `arn:${partition}:athena:${region}:${account}:workgroup/${namesOf(target).workgroup}`,
    clusters: `arn:${partition}:elasticmapreduce:${region}:${account}:cluster/*`,
    jobs: `${glue}:job/watchlake-${target.environment}-*`,
    glueLogs: `arn:${partition}:logs:${region}:${account}:log-group:/aws-glue/*`,
  };
}
