/** Entry of a detached supervisor: its progress and its failure go to its log as JSON lines. */
import { loadConfig } from './config';
import { ENDING_SIGNALS } from './ending-signals';
import { createLog } from './logging';
import { failureLine } from './start-failure';
import { supervise } from './supervisor';

async function main(): Promise<void> {
  const config = loadConfig();
  const log = createLog(config, 'supervisor');
  const stopping = new AbortController();
  for (const signal of ENDING_SIGNALS) process.once(signal, () => stopping.abort());
  await supervise({
    config,
    log,
    signal: stopping.signal,
    onProgress: (progress) => log.info({ progress }, progress.message),
    onReady: ({ app }) => log.info({ app }, 'ready'),
  });
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`${failureLine(error)}\n`);
    process.exit(1);
  },
);
