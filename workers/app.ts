/** The application page as the supervisor runs it: tasks from the database, links to the rest. */
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import type { Logger } from 'pino';
import { createAnnotationStore } from '../annotation/annotation';
import { createAppServer } from '../annotation/server';
import { parseTokens } from '../core/tokens';
import { CODE_VERSION } from '../core/version';
import { workflowIds } from '../core/workflow-ids';
import { createRegistry, type Registry } from '../registry/registry';
import { openPool } from '../registry/database';
import { reservePort } from '../stack/ports';
import type { Addresses } from './addresses';
import type { Config } from './config';
import { connectClient } from './temporal';

const PREFERRED_PORT = 8080;

export interface RunningApp {
  url: string;
  close(): Promise<void>;
}

/** Where the newest report lies; the loop's last step writes it. */
export const reportFile = (config: Config): string => join(config.LAKE_URI, 'reports', 'latest.html');

export async function startAppServer(
  config: Config,
  addresses: Addresses,
  log: Logger,
): Promise<RunningApp> {
  const pool = openPool(addresses.postgres.url, {
    onIdleError: (err) => log.warn({ err }, 'an idle database connection broke'),
  });
  const client = await connectClient(config, addresses.temporal.address);
  const registry = createRegistry(pool);
  const app = await createAppServer({
    annotation: createAnnotationStore(pool),
    version: CODE_VERSION,
    host: config.APP_HOST,
    tokens: parseTokens(config.APP_TOKENS ?? ''),
    logger: log.child({ part: 'app' }, { level: 'warn' }),
    onBatch: ({ campaign, batch }) => announceBatch(client, campaign, batch),
    describe: async () => ({ links: linksOf(addresses), models: await modelsOf(registry) }),
    reportPath: async () => reportFile(config),
  });
  const { port, release } = await reservePort({
    service: 'the application page',
    given: config.APP_PORT,
    preferred: PREFERRED_PORT,
  });
  try {
    const url = await app.listen(port);
    return {
      url,
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

const linksOf = (addresses: Addresses) => [
  { title: 'Workflows', url: addresses.temporal.uiUrl, note: 'Watch and start runs' },
  { title: 'Schedules', url: `${addresses.temporal.uiUrl}/namespaces/default/schedules`, note: 'What runs by itself' },
];

async function modelsOf(registry: Registry) {
  const models = await registry.listModels();
  return Promise.all(
    models.flatMap(({ model, versions, aliases }) =>
      aliases.champion === undefined
        ? []
        : [describeModel(registry, { model, versions, version: aliases.champion })],
    ),
  );
}

async function describeModel(
  registry: Registry,
  known: { model: string; version: string; versions: number },
) {
  const { card } = await registry.getVersion(known);
  return { ...known, macroF1: card.evaluation?.macroF1 ?? null };
}

/** Tells the campaign that answers came; one that has closed meanwhile needs no word. */
async function announceBatch(client: Client, campaign: string, batchId: string): Promise<void> {
  await client.workflow
    .getHandle(workflowIds.annotationCampaign(campaign))
    .executeUpdate('labelBatch', { args: [{ batchId }], updateId: batchId });
}
