/** Entry of a worker process; started by the supervisor, or by hand where workers run elsewhere. */
import { useBackend } from '../models/backend';
import { requireMigrated } from '../registry/database';
import { resolveAddresses } from './addresses';
import { loadConfig, type Config } from './config';
import { connectDependencies } from './dependencies';
import { createLog, type Log } from './logging';
import { metricsAddress } from './metrics';
import { failureLine } from './start-failure';
import { connectWorker } from './temporal';
import { createWorkers, installRuntime, runWorkers } from './worker';

async function run(config: Config, log: Log): Promise<void> {
  const stopping = new AbortController();
  const stop = (why: string) => {
    log.info({ why }, 'worker stops');
    stopping.abort();
  };
  process.once('SIGTERM', () => stop('SIGTERM'));
  process.once('SIGINT', () => stop('SIGINT'));
  // Without its supervisor a worker would outlive the stack that it works for.
  process.once('disconnect', () => stop('the supervisor ended'));

  await useBackend(config.CLASSIFIER_BACKEND);
  const metrics = await metricsAddress(config);
  installRuntime(config, metrics);
  const addresses = await resolveAddresses(config);
  const dependencies = await connectDependencies(config, addresses);
  await requireMigrated(dependencies.pool);
  const connection = await connectWorker(config, addresses.temporal.address);
  try {
    const workers = await createWorkers(config, connection, dependencies);
    log.info({ queues: config.WORKER_QUEUES, metrics }, 'worker runs');
    process.send?.({ ready: true, metrics });
    await runWorkers(workers, stopping.signal);
  } finally {
    await connection.close();
    await dependencies.close();
  }
  log.info('worker stopped');
}

/** Gives the exit code. */
async function main(): Promise<number> {
  const config = loadConfig();
  const log = createLog(config, 'worker');
  try {
    await run(config, log);
    return 0;
  } catch (error) {
    log.fatal({ err: error }, 'worker failed');
    return 1;
  }
}

main().then(
  (exitCode) => process.exit(exitCode),
  (error: unknown) => {
    // Without its settings there is no log either.
    process.stderr.write(`${failureLine(error)}\n`);
    process.exit(1);
  },
);
