/** The engines that a lake has, by name: each opened when it is first asked for. */
import type { CloudEngineName, EngineName } from '../../core/engine-names';
import { isCloudEngine } from '../../core/engine-names';
import { WatchlakeError } from '../../core/errors';
import type { Engine, Store } from '../ports';
import type { CloudOptions } from './cloud';
import { jobLimits, openService } from './cloud';
import { createDuckdbEngine } from './duckdb';
import type { DuckdbOptions } from './duckdb-session';
import { createJobEngine, requireS3 } from './jobs/engine';
import type { JobService, SessionCost } from './jobs/ports';
import type { SparkEngine } from './spark';
import { createSparkEngine } from './spark';
import type { SparkRunnerOptions } from './spark/runner';

export interface EnginesOptions {
  readonly store: Store;
  readonly duckdb: DuckdbOptions;
  /** What Spark runs with; without it there is none. */
  readonly spark?: Omit<SparkRunnerOptions, 'folder'>;
  /** What the engines of AWS run with; without it there are none. */
  readonly cloud?: CloudOptions;
}

export interface SessionOf {
  readonly engine: CloudEngineName;
  readonly dataset: string;
  readonly session: string;
}

export interface Engines {
  readonly engineNamed: (name: EngineName) => Engine;
  /** How long what an engine of AWS has started may work; 0 where there is no such engine. */
  readonly jobMs: number;
  /** Ends what an engine of AWS has started for the session; null when it has started nothing. */
  readonly endSession: (of: SessionOf) => Promise<SessionCost | null>;
  readonly close: () => Promise<void>;
}

function refuse(engine: EngineName): never {
  const detail = `this process does not run ${engine}; give duckdb`;
  throw new WatchlakeError('INPUT_INVALID', { field: 'engine', detail });
}

export function createEngines({ store, duckdb: options, spark, cloud }: EnginesOptions): Engines {
  const duckdb = createDuckdbEngine({ store, duckdb: options });
  const services = new Map<CloudEngineName, JobService>();
  let opened: SparkEngine | undefined;

  function openSpark(): Engine {
    if (spark === undefined) refuse('spark');
    const runner = { ...spark, folder: () => store.scratch() };
    opened ??= createSparkEngine({ store, runner, query: (request) => duckdb.query(request) });
    return opened;
  }

  function serviceNamed(name: CloudEngineName): JobService {
    if (cloud === undefined) refuse(name);
    requireS3(store, name);
    const service = services.get(name) ?? openService(name, store, cloud);
    services.set(name, service);
    return service;
  }

  function openCloud(name: CloudEngineName): Engine {
    const service = serviceNamed(name);
    const limits = jobLimits(cloud as CloudOptions);
    return createJobEngine({ store, service, limits, local: duckdb });
  }

  return {
    engineNamed(name) {
      if (isCloudEngine(name)) return openCloud(name);
      return name === 'spark' ? openSpark() : duckdb;
    },
    jobMs: cloud?.jobMs ?? 0,
    endSession: async ({ engine, dataset, session }) =>
      serviceNamed(engine).end(session, { dataset }),
    async close() {
      for (const service of services.values()) service.close();
      await opened?.close();
    },
  };
}
