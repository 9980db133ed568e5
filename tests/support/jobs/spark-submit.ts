/** `spark-submit` as a cluster runs it, here on this machine: Spark 3.5 with S3A against the emulator. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { runnerEnvironment } from '../../../lakehouse/engines/spark/settings';
import { mavenJars } from '../../../stack/maven-jars';
import { progressLine } from '../../../stack/progress';
import type { AwsEmulator } from '../aws-emulator';
import { testSpark } from '../spark';
import { testCache } from '../start-stack';
import type { Program } from './job-process';

// At INFO, writing its log is a good part of what so little data takes.
const LOG_SETTINGS = join(__dirname, '..', 's3a', 'log4j2.properties');

export const s3aJars = (): Promise<string[]> =>
  mavenJars({
    ...{ cache: testCache(), name: 's3a', version: '3.3.4', what: "S3A's jars" },
    ...{ sources: join(__dirname, '..', 's3a'), ways: 'Install Maven (Debian: maven).' },
    onProgress: (progress) => process.stderr.write(`${progressLine(progress)}\n`),
  });

/** What a cluster has in its own defaults, and tests need to be quick. */
function clusterProperties(jars: readonly string[], aws: AwsEmulator['client'], folder: string) {
  const { accessKeyId, secretAccessKey } = aws.credentials;
  return {
    'spark.master': 'local[1]',
    'spark.driver.memory': '768m',
    'spark.driver.host': '127.0.0.1',
    'spark.driver.bindAddress': '127.0.0.1',
    'spark.driver.extraClassPath': jars.join(':'),
    'spark.driver.extraJavaOptions': `-Djava.io.tmpdir=${folder} -Dlog4j2.configurationFile=${LOG_SETTINGS} -XX:+UseSerialGC -XX:TieredStopAtLevel=1`,
    'spark.ui.enabled': 'false',
    'spark.ui.showConsoleProgress': 'false',
    'spark.local.dir': folder,
    'spark.sql.shuffle.partitions': '2',
    'spark.sql.warehouse.dir': join(folder, 'warehouse'),
    'spark.hadoop.fs.s3.impl': 'org.apache.hadoop.fs.s3a.S3AFileSystem',
    'spark.hadoop.fs.s3a.endpoint': aws.endpoint,
    'spark.hadoop.fs.s3a.access.key': accessKeyId,
    'spark.hadoop.fs.s3a.secret.key': secretAccessKey,
    'spark.hadoop.fs.s3a.path.style.access': 'true',
    'spark.hadoop.fs.s3a.connection.ssl.enabled': 'false',
    'spark.hadoop.fs.s3a.directory.marker.retention': 'keep',
    'spark.hadoop.fs.s3a.buffer.dir': folder,
  };
}

/** `args`: what follows `spark-submit`. */
export async function sparkSubmit(
  aws: AwsEmulator['client'],
  args: readonly string[],
): Promise<Program> {
  const [python, jars] = [await testSpark().python(), await s3aJars()];
  const folder = await mkdtemp(join(tmpdir(), 'watchlake-step-'));
  await mkdir(join(folder, 'work'));
  const properties = join(folder, 'spark.conf');
  const settings = Object.entries(clusterProperties(jars, aws, join(folder, 'work')));
  await writeFile(properties, settings.map(([name, value]) => `${name} ${value}\n`).join(''));
  const env = runnerEnvironment(process.env, { python, properties });
  return {
    command: join(dirname(python), 'spark-submit'),
    args: ['--properties-file', properties, ...args],
    env: { ...env, AWS_EC2_METADATA_DISABLED: 'true', PYSPARK_DRIVER_PYTHON: python },
    cleanUp: () => rm(folder, { recursive: true, force: true, maxRetries: 5 }),
  };
}
