/** JSON logs, one object a line, with workflow and run ids where there are any. */
import { pino, type Logger as PinoLogger } from 'pino';
import { DefaultLogger, type Logger, type LogLevel } from '@temporalio/worker';
import type { Config } from './config';

export type Log = PinoLogger;

/** To standard output, or to a file where the terminal belongs to somebody else. */
export function createLog(config: Config, part: string, file?: string): Log {
  const timestamp = pino.stdTimeFunctions.isoTime;
  const options = { level: config.LOG_LEVEL, base: { part }, timestamp };
  return file === undefined
    ? pino(options)
    : pino(options, pino.destination({ dest: file, sync: true }));
}

/** A web server's: its requests are no news, its failures are. Fields of the log that it comes from are not said again: a line would have them twice. */
export const serverLogger = (log: Log, server: string): Log =>
  log.child({ server }, { level: log.isLevelEnabled('warn') ? 'warn' : log.level });

/** The SDK's logger over ours: its metadata carry workflowId, runId and the activity's name. */
export function temporalLogger(log: Log, level: Config['LOG_LEVEL']): Logger {
  return new DefaultLogger(level.toUpperCase() as LogLevel, (entry) => {
    const name = entry.level.toLowerCase() as 'trace' | 'debug' | 'info' | 'warn' | 'error';
    log[name](withoutNoise(entry.meta), entry.message);
  });
}

function withoutNoise(meta: Record<string | symbol, unknown> | undefined): Record<string, unknown> {
  const { error, workflowRunId, ...facts } = { ...meta };
  return {
    ...facts,
    // In activities the SDK has another name for it than in workflows.
    ...(workflowRunId === undefined ? {} : { runId: workflowRunId }),
    ...(error === undefined ? {} : { err: error }),
  };
}
