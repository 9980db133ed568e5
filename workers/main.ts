/** Entry of a worker process; started by the supervisor, or by hand where workers run elsewhere. */
import { useBackend } from '../models/backend';
import { requireMigrated } from '../registry/database';
import { resolveAddresses } from './addresses';
import { loadConfig, type Config } from './config';
import { connectDependencies } from './dependencies';
import { ENDING_SIGNALS } from './ending-signals';
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
  for (const signal of ENDING_SIGNALS) process.once(signal, () => stop(signal));
  // Without its supervisor a worker would outlive the stack that it works for.
  process.once('disconnect', () => stop('the supervisor ended'));

  await useBackend(config.CLASSIFIER_BACKEND);
  const metrics = await metricsAddress(config);
  installRuntime(config, metrics);
  const addresses = await resolveAddresses(config);
  const dependencies = await connectDependencies(config, addresses);
  await requireMigrated(dependencies.pool);
  const connection = await connectWorker(config, addresses.temporal.address);
  const close = async () => {
    await connection.close();
    await dependencies.close();
  };
  try {
    const workers = await createWorkers(config, connection, dependencies);
    log.info({ queues: config.WORKER_QUEUES, metrics }, 'worker runs');
    process.send?.({ ready: true, metrics });
    await runWorkers(workers, stopping.signal);
  } catch (error) {
    // Half made or half stopped it may refuse to close; that says nothing of why it failed.
    await close().catch((err: unknown) =>
      log.warn({ err }, 'the worker that failed was not closed'),
    );
    throw error;
  }
  await close();
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
