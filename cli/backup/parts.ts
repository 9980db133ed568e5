/** Which files and folders make up a home, and where each lies. */
import { existsSync } from 'node:fs';
import { lstat, realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { isS3Address } from '../../lakehouse/stores/s3/address';
import { dataParent } from '../../stack/postgres-data';
import { unprivilegedUser } from '../../stack/system-user';
import { PROJECT_SCHEDULES, type Config } from '../../workers/config';

export interface Part {
  /** Its name inside a backup. */
  name: string;
  place: string;
}

const TEMPORAL_FILES = ['temporal.db', 'temporal.db-wal', 'temporal.db-shm'] as const;

/** PostgreSQL's data lie outside the home where its user could not reach it. */
export const postgresFolder = async (home: string): Promise<string> =>
  dataParent({ home, user: await unprivilegedUser() });

/** Where a folder lies that a link stands for, such as a lake on a larger disk. Files are not followed: a database's log lies elsewhere then. */
const folder = async (name: string, path: string): Promise<Part> => ({
  name,
  place: await existingPath(path),
});

export async function partsOf(config: Config): Promise<Part[]> {
  const home = config.WATCHLAKE_HOME;
  const embedded = (external: unknown, ...parts: Part[]): Part[] => (external ? [] : parts);
  const isLakeElsewhere = isS3Address(config.LAKE_URI);
  return [
    ...(isLakeElsewhere ? [] : [await folder('lake', config.LAKE_URI)]),
    await folder('secrets', join(home, 'secrets')),
    ...embedded(config.DATABASE_URL, await folder('postgres', await postgresFolder(home))),
    ...embedded(config.KAFKA_BROKERS, await folder('kafka', join(home, 'kafka'))),
    ...embedded(
      config.TEMPORAL_ADDRESS,
      ...TEMPORAL_FILES.map((name) => ({ name, place: join(home, name) })),
    ),
  ];
}

/**
 * What remembers which events Kafka has: of an older Kafka it would say so of events that are not there, and they could not
 * be sent again. Without it they are taken, and land once.
 */
export const memoriesOf = ({ WATCHLAKE_HOME: home, KAFKA_BROKERS }: Config): Part[] =>
  KAFKA_BROKERS
    ? []
    : [
        { name: 'ingest', place: join(home, 'ingest') },
        { name: 'send', place: join(home, 'devices', 'send') },
      ];

const DOTENV = '.env';

/** What the home does not hold, and a restored one would lack. */
export const notIncluded = (config: Config): string[] => [
  ...(isS3Address(config.LAKE_URI) ? ['the lake on S3 (LAKE_URI)'] : []),
  ...(config.DATABASE_URL ? ['PostgreSQL (DATABASE_URL)'] : []),
  ...(config.KAFKA_BROKERS ? ['Kafka (KAFKA_BROKERS)'] : []),
  ...(config.TEMPORAL_ADDRESS ? ['Temporal (TEMPORAL_ADDRESS)'] : []),
  ...(config.WATCHLAKE_PSEUDONYM_KEY
    ? ['the key of the pseudonyms (WATCHLAKE_PSEUDONYM_KEY)']
    : []),
  ...(config.SCHEDULES_FILE === PROJECT_SCHEDULES
    ? []
    : ['the list of schedules (SCHEDULES_FILE)']),
  ...(config.CLOUD_PRICES_FILE ? ['the prices (CLOUD_PRICES_FILE)'] : []),
  ...(existsSync(DOTENV) ? [DOTENV] : []),
];

export const isPresent = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false;
      throw error;
    },
  );

/** Without links, as far down as it is there. */
export const existingPath = (path: string): Promise<string> =>
  realpath(path).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT' || dirname(path) === path) throw error;
    return join(await existingPath(dirname(path)), basename(path));
  });
