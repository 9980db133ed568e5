/** Entry of a worker process; started by the supervisor, or by hand where workers run elsewhere. */
import { useBackend } from '../models/backend';
import { requireMigrated } from '../registry/database';
import { resolveAddresses } from './addresses';
import { loadConfig } from './config';
import { connectDependencies } from './dependencies';
import { createLog } from './logging';
import { metricsAddress } from './metrics';
import { connectWorker } from './temporal';
import { createWorkers, installRuntime, runWorkers } from './worker';

async function main(): Promise<void> {
  const config = loadConfig();
  const log = createLog(config, 'worker');
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

main().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(
      `${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
    );
    process.exit(1);
  },
);
