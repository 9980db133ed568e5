/** Which files and folders make up a home, and where each lies. */
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { isS3Address } from '../../lakehouse/stores/s3/address';
import { dataParent } from '../../stack/postgres-data';
import { unprivilegedUser } from '../../stack/system-user';
import type { Config } from '../../workers/config';

export interface Part {
  /** Its name inside a backup. */
  name: string;
  place: string;
}

const TEMPORAL_FILES = ['temporal.db', 'temporal.db-wal', 'temporal.db-shm'] as const;

/** PostgreSQL's data lie outside the home where its user could not reach it. */
export const postgresFolder = async (home: string): Promise<string> =>
  dataParent({ home, programs: '', user: await unprivilegedUser() });

export async function partsOf(config: Config): Promise<Part[]> {
  const home = config.WATCHLAKE_HOME;
  const embedded = (external: unknown, ...parts: Part[]): Part[] => (external ? [] : parts);
  return [
    ...embedded(isS3Address(config.LAKE_URI), { name: 'lake', place: config.LAKE_URI }),
    { name: 'secrets', place: join(home, 'secrets') },
    ...embedded(config.DATABASE_URL, { name: 'postgres', place: await postgresFolder(home) }),
    ...embedded(config.KAFKA_BROKERS, { name: 'kafka', place: join(home, 'kafka') }),
    ...embedded(
      config.TEMPORAL_ADDRESS,
      ...TEMPORAL_FILES.map((name) => ({ name, place: join(home, name) })),
    ),
  ];
}

export const notIncluded = (config: Config): string[] => [
  ...(isS3Address(config.LAKE_URI) ? ['the lake on S3 (LAKE_URI)'] : []),
  ...(config.DATABASE_URL ? ['PostgreSQL (DATABASE_URL)'] : []),
  ...(config.KAFKA_BROKERS ? ['Kafka (KAFKA_BROKERS)'] : []),
  ...(config.TEMPORAL_ADDRESS ? ['Temporal (TEMPORAL_ADDRESS)'] : []),
];

export const isPresent = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false;
      throw error;
    },
  );
