/** An engine whose tables a service builds: files of S3 in, files of S3 out, nothing of them comes here. */
import { WatchlakeError } from '../../../core/errors';
import { contentHash } from '../../../core/hash';
import { writeJson } from '../../json';
import type { DataFile } from '../../manifest';
import type { BuildOutcome, BuildRequest, Engine, JobContext, Relation, Store } from '../../ports';
import { buildSteps, builtOf } from '../spark/build';
import type { RunnerManifest, RunnerResult, RunnerView, WrittenFile } from '../spark/manifest';
import { runnerColumns } from '../spark/manifest';
import { SQL_PROPERTIES } from '../spark/settings';
import { runJob } from './run-job';
import type { JobService } from './ports';
import { shipRunner } from './program';
import { jobsFolder } from './records';
import type { JobLimits } from './work';

export interface JobEngineOptions {
  readonly store: Store;
  readonly service: JobService;
  readonly limits: JobLimits;
  /** Looks at what is small and here: a job for each question would take minutes. */
  readonly local: Pick<Engine, 'check' | 'query'>;
}

const SOME_KEY = 'lake.json';

/** ENGINE_NEEDS_S3 for a lake that a service cannot reach. */
export function requireS3(store: Store, engine: string): void {
  const [lake = ''] = store.uriOf(SOME_KEY).split(SOME_KEY);
  if (lake.startsWith('s3://')) return;
  throw new WatchlakeError('ENGINE_NEEDS_S3', { engine, lake });
}

const viewsOf = (
  store: Store,
  relations: Readonly<Record<string, Relation>>,
): Record<string, RunnerView> =>
  Object.fromEntries(
    Object.entries(relations).map(([name, { columns, files }]) => {
      const uris = files.map(({ key }) => store.uriOf(key));
      return [name, { columns: runnerColumns(columns), files: uris }];
    }),
  );

/** Each attempt writes to folders of its own. */
async function shipManifest(store: Store, { table, inputs, prefix }: BuildRequest, id: string) {
  const place = (name: string): string => store.uriOf(`${prefix}${name}/{attempt}`);
  const manifest: RunnerManifest = {
    formatVersion: 1,
    name: table.name,
    conf: SQL_PROPERTIES,
    views: viewsOf(store, inputs),
    steps: buildSteps({ table, inputs }, { rows: place('data'), quarantine: place('quarantine') }),
  };
  const key = `${jobsFolder(table.dataset)}${id}/manifest-${contentHash(manifest)}.json`;
  if (!(await store.has(key))) await writeJson(store, key, manifest);
  return store.uriOf(key);
}

const dataFiles = (store: Store, files: readonly WrittenFile[]): DataFile[] =>
  files.map(({ uri, rows, bytes }) => ({ key: uri.slice(store.uriOf('').length), rows, bytes }));

/** Whether every file lies there as it was written. */
async function areThere(store: Store, prefix: string, result: RunnerResult): Promise<boolean> {
  const sizes = new Map<string, number>();
  for await (const { key, bytes } of store.list(prefix)) sizes.set(key, bytes);
  const files = Object.values(result.steps).flatMap((step) => step.files ?? []);
  return dataFiles(store, files).every(({ key, bytes }) => sizes.get(key) === bytes);
}

/** For whoever builds without a workflow: nobody hears of it, and nobody shares it. */
const alone = ({ prefix, signal }: BuildRequest): JobContext => ({
  session: contentHash({ prefix, at: Date.now() }),
  holder: contentHash({ prefix, process: process.pid }),
  report: () => undefined,
  isCancelled: () => signal?.aborted ?? false,
});

export function createJobEngine({ store, service, limits, local }: JobEngineOptions): Engine {
  async function build(request: BuildRequest): Promise<BuildOutcome> {
    const { table, prefix, signal, job: context = alone(request) } = request;
    signal?.throwIfAborted();
    const id = prefix.split('/').at(-2) as string;
    const { result, facts } = await runJob(
      { store, service, limits },
      {
        ...{ dataset: table.dataset, table: table.name, id, context, signal },
        program: await shipRunner(store),
        manifestUri: await shipManifest(store, request, id),
        isThere: (made) => areThere(store, prefix, made),
      },
    );
    const { files, quarantine, ...counts } = builtOf(table, result);
    return {
      ...counts,
      files: dataFiles(store, files),
      quarantineFiles: dataFiles(store, quarantine),
      job: facts,
    };
  }

  return { name: service.name, build, check: local.check, query: local.query };
}
