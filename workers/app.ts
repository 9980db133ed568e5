/** The application page as the supervisor runs it: tasks from the database, links to the rest. */
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import type { Logger } from 'pino';
import { createAnnotationStore } from '../annotation/annotation';
import { createAppServer } from '../annotation/server';
import { isWatchlakeError } from '../core/errors';
import { newToken, parseTokens } from '../core/tokens';
import { CODE_VERSION } from '../core/version';
import { workflowIds } from '../core/workflow-ids';
import type { Store } from '../lakehouse/ports';
import { openStore } from '../lakehouse/stores/open-store';
import { createRegistry, type Registry } from '../registry/registry';
import { openPool } from '../registry/database';
import { reservePort } from '../stack/ports';
import type { Addresses } from './addresses';
import type { Config } from './config';
import { macroF1OnStrangers } from './holdout-scores';
import { homeLinks } from './home-links';
import { preferredPort } from './kept-ports';
import { serverLogger } from './logging';
import { s3Settings } from './s3';
import { connectClient } from './temporal';

export interface RunningApp {
  url: string;
  /** For the worker of this home; null when the page asks for none. */
  workerToken: string | null;
  close(): Promise<void>;
}

/** Where the newest report lies, which the loop's last step writes; null while there is none to show. */
export const reportFile = (store: Store): Promise<string | null> =>
  store.localPath('reports/latest.html').catch((error: unknown) => {
    // The page does without it, also while the lake does not answer.
    if (isWatchlakeError(error)) return null;
    throw error;
  });

export async function startAppServer(
  config: Config,
  addresses: Addresses,
  log: Logger,
): Promise<RunningApp> {
  const tokens = parseTokens(config.APP_TOKENS ?? '');
  // Our own worker answers through the same door as people, with a token that nobody else has.
  const workerToken = tokens.length === 0 ? null : newToken();
  if (workerToken !== null) tokens.push(...parseTokens(`annotator:${workerToken}`));
  const pool = openPool(addresses.postgres.url, {
    onIdleError: (err) => log.warn({ err }, 'an idle database connection broke'),
  });
  const client = await connectClient(config, addresses.temporal.address);
  const registry = createRegistry(pool);
  const store = openStore(config.LAKE_URI, s3Settings(config));
  const { uiUrl } = addresses.temporal;
  const links = homeLinks({ uiUrl, namespace: config.TEMPORAL_NAMESPACE });
  const app = await createAppServer({
    annotation: createAnnotationStore(pool),
    version: CODE_VERSION,
    host: config.APP_HOST,
    tokens,
    logger: serverLogger(log, 'app'),
    onBatch: ({ campaign, batch }) => announceBatch(client, campaign, batch),
    describe: async () => ({ links, models: await modelsOf({ registry, store }) }),
    reportPath: () => reportFile(store),
  });
  const { port, release } = await reservePort({
    service: 'the application page',
    given: config.APP_PORT,
    preferred: await preferredPort(config.WATCHLAKE_HOME, 'app'),
  });
  try {
    const url = await app.listen(port);
    return {
      url,
      workerToken,
      async close() {
        await app.close();
        await client.connection.close();
        await pool.end();
      },
    };
  } finally {
    await release();
  }
}

interface Sources {
  registry: Registry;
  store: Store;
}

async function modelsOf({ registry, store }: Sources) {
  const models = await registry.listModels();
  return Promise.all(
    models.flatMap(({ model, versions, aliases }) =>
      aliases.champion === undefined
        ? []
        : [describeModel({ registry, store }, { model, versions, version: aliases.champion })],
    ),
  );
}

/** Only a figure on people that the version had not seen is worth showing. */
async function describeModel(
  sources: Sources,
  known: { model: string; version: string; versions: number },
) {
  const version = await sources.registry.getVersion(known);
  return { ...known, macroF1: await macroF1OnStrangers(sources, version) };
}

/** Tells the campaign that answers came; one that has closed meanwhile needs no word. */
async function announceBatch(client: Client, campaign: string, batchId: string): Promise<void> {
  const campaignRun = client.workflow.getHandle(workflowIds.annotationCampaign(campaign));
  await campaignRun
    .executeUpdate('labelBatch', { args: [{ batchId }], updateId: batchId })
    .catch((error: unknown) => {
      if (!(error instanceof WorkflowNotFoundError)) throw error;
    });
}
