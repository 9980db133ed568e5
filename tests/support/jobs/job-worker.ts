/** A worker that builds and publishes the made table, in a process of its own, which a test may kill or pause: JSON in, JSON out. */
import type { CloudEngineName } from '../../../core/engine-names';
import { openLake } from '../../../lakehouse/lake';
import { findBase, publishSnapshot } from '../../../lakehouse/published';
import type { AwsEmulator } from '../aws-emulator';
import { jobCloudOptions } from './cloud-options';
import { buildMade, contextNamed } from './made-table';

export interface JobWorkerInput {
  readonly aws: AwsEmulator['client'];
  readonly uri: string;
  readonly cacheFolder: string;
  readonly engine: CloudEngineName;
  readonly session: string;
  readonly holder: string;
}

const { aws, uri, cacheFolder, engine, session, holder } = JSON.parse(
  process.argv[2] ?? '',
) as JobWorkerInput;
const lake = openLake({
  ...{ uri, duckdb: { memoryLimit: '256MB' }, cloud: jobCloudOptions(aws) },
  s3: { aws, pathStyle: true, cacheFolder, cacheBytes: 2 ** 30 },
});

buildMade(lake, engine, contextNamed(session, { holder }))
  .then(async ({ manifest }) => {
    await publishSnapshot(lake, manifest, await findBase(lake, manifest));
    process.stdout.write(`${JSON.stringify(manifest.job)}\n`);
  })
  .catch((error: unknown) => {
    process.stderr.write(`${String(error)}\n`);
    process.exitCode = 1;
  })
  .finally(() => lake.close());
