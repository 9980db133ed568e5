/** A worker that is killed or paused in the middle of the protocol, the next attempt, and what must hold then. */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import type { CloudEngineName } from '../../../core/engine-names';
import { isWatchlakeError } from '../../../core/errors';
import { tableContentHash } from '../content-hash';
import type { Lake } from '../../../lakehouse/lake';
import { locationOf } from '../../../lakehouse/locations';
import { findBase, publishSnapshot } from '../../../lakehouse/published';
import { parseS3Address } from '../../../lakehouse/stores/s3/address';
import type { AwsGateway, Call } from '../aws-gateway';
import { BUCKET } from '../s3-names';
import type { JobCloud } from './cloud';
import type { Gate } from './gate';
import type { JobWorkerInput } from './job-worker';
import { MADE_TABLE, buildMade, contextNamed, untilTrue } from './made-table';

const PROCESS = join(__dirname, 'job-worker.ts');
const TYPESCRIPT = join(__dirname, '..', 'typescript.js');

export interface KillCase {
  readonly engine: CloudEngineName;
  readonly isIt: (call: Call, number: number) => boolean;
  readonly when: 'before' | 'after';
  readonly signal: 'SIGKILL' | 'SIGSTOP';
  /** The paused one goes on after so long, beside the next attempt; without it, when that has ended. */
  readonly wakeMs?: number;
  /** The next attempt is of another activity, which leaves the first one its time. */
  readonly isOther?: boolean;
}

export interface Outcome {
  /** Whether the worker came to the call. */
  readonly reached: boolean;
  /** Starts that have touched data, by generation. */
  readonly processed: Record<string, number>;
  readonly content: string;
  /** Snapshots of the table that were finished. */
  readonly manifests: number;
  readonly publishedRows: number | undefined;
  /** How often the table's pointer was moved. */
  readonly publications: number | undefined;
  /** What has not ended. */
  readonly running: string[];
  readonly calls: string[];
}

export interface KillBench {
  readonly cloud: JobCloud;
  readonly gate: Gate;
  readonly door: () => AwsGateway;
}

const endOf = (child: ChildProcess): Promise<void> =>
  new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve();
    else child.once('close', () => resolve());
  });

async function keysBelow(cloud: JobCloud, Prefix: string): Promise<string[]> {
  const { Contents = [] } = await cloud.s3
    .client()
    .send(new ListObjectsV2Command({ Bucket: BUCKET, Prefix, MaxKeys: 1000 }));
  return Contents.map(({ Key = '' }) => Key);
}

/** By generation: `processed/<lake>/jobs/<dataset>/<work>/<engine>/<generation>/<attempt>`. */
export async function processedOf(cloud: JobCloud, uri: string): Promise<Record<string, number>> {
  const keys = await keysBelow(cloud, `processed/${parseS3Address(uri).key}`);
  const counts: Record<string, number> = {};
  for (const key of keys) {
    const generation = key.split('/').at(-2) as string;
    counts[generation] = (counts[generation] ?? 0) + 1;
  }
  return counts;
}

const running = (cloud: JobCloud, session: string): string[] => [
  ...cloud
    .emr()
    .clusters()
    .filter(({ name, state }) => name.includes(session) && !state.startsWith('TERMINAT'))
    .map(({ id }) => id),
  ...cloud
    .glue()
    .runs()
    .filter(({ input }) => input.Arguments?.['--session'] === session)
    .filter(({ state }) => ['STARTING', 'RUNNING', 'WAITING', 'STOPPING'].includes(state))
    .map(({ id }) => id),
];

async function finish(
  lake: Lake,
  { engine, session, holder }: { engine: CloudEngineName; session: string; holder: string },
) {
  const { manifest } = await buildMade(lake, engine, contextNamed(session, { holder }));
  const publish = async () => publishSnapshot(lake, manifest, await findBase(lake, manifest));
  await publish().catch((error: unknown) => {
    // As the activity is tried again when both come at the same moment.
    if (isWatchlakeError(error) && error.code === 'CATALOG_CONFLICT') return publish();
    throw error;
  });
  await lake.endSession({ engine, dataset: 'made', session });
  return manifest;
}

export async function killedAt(
  { cloud, gate, door }: KillBench,
  { engine, isIt, when, signal, wakeMs, isOther = false }: KillCase,
): Promise<Outcome> {
  cloud.emr().forgetEnded();
  const lake = await cloud.lake();
  const session = randomUUID();
  const { uri } = lake;
  const input: JobWorkerInput = {
    ...{ aws: door().client, uri, engine, session, holder: `${session}/1` },
    cacheFolder: await cloud.s3.folder(),
  };
  const held = gate.hold(isIt, when);
  const worker = spawn(process.execPath, ['-r', TYPESCRIPT, PROCESS, JSON.stringify(input)], {
    ...{ stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, NODE_NO_WARNINGS: '1' } },
  });
  const ended = endOf(worker);
  const reached = await Promise.race([held.reached.then(() => true), ended.then(() => false)]);
  if (reached) worker.kill(signal);
  const wake = (): void => {
    held.release();
    worker.kill('SIGCONT');
  };
  if (signal === 'SIGKILL') held.release();
  else if (wakeMs !== undefined) setTimeout(wake, wakeMs);
  const manifest = await finish(lake, { engine, session, holder: `${session}/${isOther ? 2 : 1}` });
  wake();
  await ended;
  await untilTrue(() => running(cloud, session).length === 0).catch(() => undefined);
  const manifests = [];
  for await (const { key } of lake.store.list(locationOf(MADE_TABLE))) {
    if (key.endsWith('/manifest.json')) manifests.push(key);
  }
  const pointer = await lake.catalog.pointer({ dataset: 'made', table: 'made' });
  return {
    reached,
    processed: await processedOf(cloud, uri),
    content: await tableContentHash(lake, { columns: MADE_TABLE.columns, files: manifest.files }),
    manifests: manifests.length,
    publishedRows: pointer?.snapshotId === manifest.snapshotId ? manifest.rows : undefined,
    publications: pointer?.version,
    running: running(cloud, session),
    calls: [...gate.calls],
  };
}
