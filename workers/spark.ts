/** What the engine Spark runs with, as the configuration says. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { PROJECT_ROOT } from '../core/project-root';
import type { EnginesOptions } from '../lakehouse/engines/engines';
import type { OnProgress } from '../stack/progress';
import { sparkPython } from '../stack/spark';
import type { Config } from './config';
import { environmentOf } from './config';

/** Pinned; bench and tests make the same environment of it. */
const REQUIREMENTS = join(PROJECT_ROOT, 'lakehouse', 'engines', 'spark', 'spark-requirements.txt');

export function sparkOptions(
  config: Config,
  onProgress?: OnProgress,
): NonNullable<EnginesOptions['spark']> {
  const environment = environmentOf({});
  const logs = join(config.WATCHLAKE_HOME, 'logs');
  return {
    settings: { threads: config.SPARK_THREADS, memory: config.SPARK_MEMORY },
    environment,
    python: () =>
      sparkPython({
        cache: config.WATCHLAKE_CACHE,
        requirements: REQUIREMENTS,
        environment,
        onProgress,
      }),
    async logFile() {
      await mkdir(logs, { recursive: true });
      return join(logs, 'spark.log');
    },
  };
}
