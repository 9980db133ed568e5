/** The application's HTTP server: the annotators' page and its API behind one protected door. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FastifyBaseLogger } from 'fastify';
import { createDoor, openDoor } from '../core/http-door';
import type { Token } from '../core/tokens';
import type { AnnotationStore } from './annotation';
import { addPageRoutes, PAGE_FOLDER, type HomeDescription } from './page-routes';
import { addTaskRoutes, type LabelBatch } from './task-routes';

const DOOR = 'The application page';
const CLOSE_TIMEOUT_MS = 5_000;

export interface AppServerOptions {
  annotation: AnnotationStore;
  version: string;
  host?: string;
  tokens?: readonly Token[];
  logger?: FastifyBaseLogger;
  /** How long a task stays in one annotator's hands. */
  leaseSeconds?: number;
  bodyLimitBytes?: number;
  requestsPerMinute?: number;
  /** Told of every kept batch of answers. The answers stay when it fails: count them as well. */
  onBatch?: (batch: LabelBatch) => Promise<void>;
  describe?: () => Promise<HomeDescription>;
  reportPath?: () => Promise<string | null>;
}

export interface AppServer {
  /** Starts to listen and gives the URL; port 0 takes any free one. */
  listen(port: number): Promise<string>;
  close(): Promise<void>;
}

/** Runs tasks beside the requests and can wait for those under way, for a limited time. */
function createBackground(onError: (error: unknown) => void) {
  const running = new Set<Promise<void>>();
  return {
    start(work: Promise<void>): void {
      const settled = work.catch(onError).finally(() => running.delete(settled));
      running.add(settled);
    },
    async finish(timeoutMs: number): Promise<void> {
      let timer: NodeJS.Timeout | undefined;
      const timeout = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, timeoutMs);
      });
      await Promise.race([Promise.all(running), timeout]);
      clearTimeout(timer);
    },
  };
}

/** Throws DOOR_UNPROTECTED when the host is not this machine only and there is no token. */
export async function createAppServer(options: AppServerOptions): Promise<AppServer> {
  const { annotation, version, host = '127.0.0.1', tokens = [], onBatch } = options;
  const { logger, bodyLimitBytes, requestsPerMinute, leaseSeconds = 300 } = options;
  const notFoundPage = await readFile(join(PAGE_FOLDER, 'not-found.html'), 'utf8');
  const limits = { bodyLimitBytes, requestsPerMinute };
  const door = createDoor({ door: DOOR, host, tokens, logger, notFoundPage, ...limits });
  const announcements = createBackground((error) =>
    door.log.error({ err: error }, 'a batch of labels could not be announced'),
  );
  addTaskRoutes(door, {
    annotation,
    leaseSeconds,
    onBatch: (batch) => {
      if (onBatch) announcements.start(onBatch(batch));
    },
  });
  await addPageRoutes(door, {
    annotation,
    version,
    tokens,
    describe: options.describe ?? (async () => ({ links: [], models: [] })),
    reportPath: options.reportPath ?? (async () => null),
  });
  return {
    listen: (port) => openDoor(door, { name: DOOR, host, port }),
    async close() {
      await door.close();
      await announcements.finish(CLOSE_TIMEOUT_MS);
    },
  };
}
