/** The engine of clusters, here on one machine: Spark runs the SQL, by a runner that stays for the next table. */
import { rm } from 'node:fs/promises';
import type { BuildRequest, CheckRequest, Engine, Relation, Store } from '../ports';
import { adoptFiles } from './parquet-sink';
import type { LocalFile } from './parquet-sink';
import { buildSteps, builtOf, offendingIn } from './spark/build';
import type { RunnerResult, RunnerStep, WrittenFile } from './spark/manifest';
import { filePath, fileUri, runnerViews } from './spark/manifest';
import type { SparkRunnerOptions } from './spark/runner';
import { createSparkRunner } from './spark/runner';

export interface SparkEngineOptions {
  readonly store: Store;
  readonly runner: SparkRunnerOptions;
  /** Answers questions over what was built: a session of Spark for each would take seconds. */
  readonly query: Engine['query'];
}

export interface SparkEngine extends Engine {
  /** Ends the runner; without it, it ends when it has been idle for a while. */
  close(): Promise<void>;
}

interface Work<T> {
  readonly name: string;
  readonly relations: Readonly<Record<string, Relation>>;
  readonly signal?: AbortSignal;
  readonly steps: (scratch: string) => readonly RunnerStep[];
  readonly read: (result: RunnerResult) => Promise<T> | T;
}

const localFile = ({ uri, ...file }: WrittenFile): LocalFile => ({ ...file, path: filePath(uri) });

export function createSparkEngine({
  store,
  runner: options,
  query,
}: SparkEngineOptions): SparkEngine {
  const runner = createSparkRunner(options);

  /** The files that the manifest names lie in a folder of its own. */
  async function run<T>({ name, relations, signal, steps, read }: Work<T>): Promise<T> {
    signal?.throwIfAborted();
    const scratch = await store.scratch();
    try {
      const views = await runnerViews(store, relations, scratch);
      const manifest = { formatVersion: 1, name, views, steps: steps(scratch) } as const;
      return await read(await runner.run(manifest, signal));
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  }

  const build = ({ table, inputs, prefix, signal }: BuildRequest) =>
    run({
      name: table.name,
      relations: inputs,
      signal,
      steps: (scratch) => {
        const [rows, quarantine] = [`${scratch}/rows`, `${scratch}/quarantine`];
        return buildSteps(
          { table, inputs },
          { rows: fileUri(rows), quarantine: fileUri(quarantine) },
        );
      },
      read: async (result) => {
        const { files, quarantine, ...counts } = builtOf(table, result);
        return {
          ...counts,
          files: await adoptFiles(store, files.map(localFile), `${prefix}data/`),
          quarantineFiles: await adoptFiles(
            store,
            quarantine.map(localFile),
            `${prefix}quarantine/`,
          ),
        };
      },
    });

  const check = ({ relations, checks, signal }: CheckRequest) =>
    run({
      name: 'checks',
      relations,
      signal,
      steps: () => checks.map(({ name, sql }) => ({ step: 'rows', name, sql, limit: 1 })),
      read: (result) => checks.map(({ name }) => ({ name, offending: offendingIn(result, name) })),
    });

  return { name: 'spark', build, check, query, close: () => runner.close() };
}
