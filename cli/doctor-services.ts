/** Looks at services that run elsewhere: whether they answer, and what they still need. */
import type { Connection } from '@temporalio/client';
import { Client as DatabaseClient } from 'pg';
import { isWatchlakeError } from '../core/errors';
import { databaseError } from '../core/postgres';
import { PROGRAM } from '../core/program-name';
import { isS3Address } from '../lakehouse/stores/s3/address';
import { examineBucket } from '../lakehouse/stores/s3/examine';
import { missingSearchAttributes, searchAttributesCommand } from '../stack/temporal-namespace';
import type { Config } from '../workers/config';
import { askKafka } from '../workers/external-services';
import { s3Settings } from '../workers/s3';
import { connectClient } from '../workers/temporal';
import type { Finding } from './finding';

const ANSWER_WITHIN_MS = 5_000;

const message = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

export async function examineTemporal(config: Config, address: string): Promise<Finding> {
  const name = 'Temporal';
  try {
    const { connection } = await connectClient(config, address);
    try {
      const namespace = config.TEMPORAL_NAMESPACE;
      const missing = await missingSearchAttributes(connection as Connection, namespace);
      if (missing.length === 0) return { name, status: 'ok', found: address };
      return {
        name,
        status: 'missing',
        found: `${address} lacks the search attributes ${missing.join(', ')}`,
        remedy: `Run once: ${searchAttributesCommand(address, namespace)}`,
      };
    } finally {
      await connection.close();
    }
  } catch (error) {
    const usual =
      'Start it, or correct TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE and its TLS variables.';
    const isInvalid = isWatchlakeError(error) && error.code === 'CONFIG_INVALID';
    const remedy = isInvalid ? error.remedy : usual;
    return {
      name,
      status: 'missing',
      found: isWatchlakeError(error) ? error.message : `${address}: ${message(error)}`,
      remedy,
    };
  }
}

export async function examineKafka(config: Config, brokers: string[]): Promise<Finding> {
  const name = 'Kafka';
  try {
    await askKafka(config, brokers);
    return { name, status: 'ok', found: brokers.join(', ') };
  } catch (error) {
    const remedy = isWatchlakeError(error) ? error.remedy : undefined;
    return { name, status: 'missing', found: message(error), remedy };
  }
}

export async function examineDatabase(url: string): Promise<Finding> {
  const name = 'PostgreSQL';
  let client: DatabaseClient | undefined;
  try {
    client = new DatabaseClient({
      connectionString: url,
      connectionTimeoutMillis: ANSWER_WITHIN_MS,
    });
    client.on('error', () => undefined);
    await client.connect();
    const { rows } = await client.query<{ server_version: string }>('SHOW server_version');
    return { name, status: 'ok', found: rows[0]?.server_version ?? 'answers' };
  } catch (error) {
    const known = databaseError(error);
    const remedy = isWatchlakeError(known) ? known.remedy : 'Start it, or correct DATABASE_URL.';
    return { name, status: 'missing', found: message(known), remedy };
  } finally {
    await client?.end().catch(() => undefined);
  }
}

const KEY_REMEDY =
  'Whoever runs Watchlake needs kms:Decrypt and kms:GenerateDataKey on the key of the lake, and the key has to be enabled; docs/aws.md, «Encryption».';

// Of S3 it names the right that is missing, such as kms:Decrypt, or is called as KMS calls it.
const isOfKey = (error: unknown): boolean => /\bkms[:.]/i.test(message(error));

/** A lake in a folder is looked at with the home; one in a bucket has to answer, and to take what comes. */
export async function examineLake(config: Config): Promise<Finding[]> {
  const uri = config.LAKE_URI;
  if (!isS3Address(uri)) return [];
  const name = 'Lake';
  try {
    const { versioned, key } = await examineBucket(uri, s3Settings(config));
    const lake = key === null ? uri : `${uri}, encrypted with ${key}`;
    if (versioned !== false) return [{ name, status: 'ok', found: lake }];
    const found = `${lake}, whose bucket keeps no versions`;
    const remedy = `Switch versioning on: \`${PROGRAM} provision apply\`, or the console.`;
    return [{ name, status: 'note', found, remedy }];
  } catch (error) {
    const known = isWatchlakeError(error) ? error.remedy : undefined;
    const remedy = isOfKey(error) ? KEY_REMEDY : known;
    return [{ name, status: 'missing', found: message(error), remedy }];
  }
}
