/** What a command needs of a running system: a client, the registry and the lake. */
import type { Client } from '@temporalio/client';
import type { Lake } from '../lakehouse/lake';
import type { QueryResult } from '../lakehouse/ports';
import { query } from '../lakehouse/query';
import type { QuarantineCount, ShowRequest } from '../lakehouse/read-quarantine';
import { listQuarantine, showQuarantine } from '../lakehouse/read-quarantine';
import { vacuum } from '../lakehouse/vacuum';
import { openPool } from '../registry/database';
import { createRegistry, type Registry } from '../registry/registry';
import { announceVersion } from '../streaming/control';
import { topicNames } from '../streaming/topics';
import { commandAthena, type CommandAthena } from './athena';
import { commandConsent, type CommandConsent } from './consent';
import { catalogDdl, type DdlOptions } from './catalog-ddl';
import { resolveAddresses, type Addresses } from './addresses';
import type { Config } from './config';
import { brokerOf, lakeOf } from './dependencies';
import { connectClient } from './temporal';

export interface VacuumResult {
  removed: number;
  bytes: number;
}

export interface CommandContext {
  client: Client;
  addresses: Addresses;
  registry: Registry;
  consent: CommandConsent;
  /** Keeps what the catalogue, a model card or a running workflow refers to. */
  vacuum(options: { dataset?: string; dryRun: boolean }): Promise<VacuumResult>;
  /** Tells running predictors through the control topic. */
  announceChampion(options: { model: string; version: string }): Promise<void>;
  close(): Promise<void>;
}

/** The lake alone: it is a folder, and needs nothing that runs. */
export interface CommandLake {
  query(options: { sql: string; dataset?: string; maximumRows: number }): Promise<QueryResult>;
  /** What broke a rule, by table and reason, and row by row. */
  readonly quarantine: {
    list(options: { dataset?: string }): Promise<QuarantineCount[]>;
    show(options: ShowRequest): ReturnType<typeof showQuarantine>;
  };
  /** `CREATE EXTERNAL TABLE` of every published table, as Athena takes it. */
  ddl(options: DdlOptions): Promise<string[]>;
  readonly athena: CommandAthena;
}

const silent = { debug() {}, info() {}, warn() {}, error() {} };

/** Throws STACK_NOT_RUNNING when a part is neither configured nor running. */
export async function connectCommand(config: Config): Promise<CommandContext> {
  const addresses = await resolveAddresses(config);
  const client = await connectClient(config, addresses.temporal.address);
  const pool = openPool(addresses.postgres.url);
  const registry = createRegistry(pool);
  return {
    client,
    addresses,
    registry,
    consent: commandConsent(config, pool, (work) => withLake(config, work)),
    vacuum: (options) => vacuumLake({ config, client, registry }, options),
    async announceChampion({ model, version }) {
      const broker = brokerOf(config, addresses, silent);
      try {
        await announceVersion(broker, topicNames(), { model, version });
      } finally {
        await broker.close();
      }
    },
    async close() {
      await pool.end();
      await client.connection.close();
    },
  };
}

async function withLake<T>(config: Config, work: (lake: Lake) => Promise<T>): Promise<T> {
  const lake = lakeOf(config);
  try {
    return await work(lake);
  } finally {
    await lake.close();
  }
}

export async function openLake(config: Config): Promise<CommandLake> {
  const lake = lakeOf(config);
  return {
    query: (options) => query(lake, options),
    quarantine: {
      list: (options) => listQuarantine(lake, options),
      show: (options) => showQuarantine(lake, options),
    },
    ddl: (options) => catalogDdl(lake, config, options),
    athena: commandAthena(config, lake),
  };
}

interface Vacuuming {
  config: Config;
  client: Client;
  registry: Registry;
}

async function vacuumLake(
  { config, client, registry }: Vacuuming,
  { dataset, dryRun }: { dataset?: string; dryRun: boolean },
): Promise<VacuumResult> {
  const lake = lakeOf(config);
  const known = await lake.catalog.list(dataset === undefined ? {} : { dataset });
  const keepSnapshotIds = await snapshotsOfModels(registry);
  const total = { removed: 0, bytes: 0 };
  for (const name of new Set(known.map((pointer) => pointer.dataset))) {
    const graceMs = await graceFor(client, name);
    const found = await vacuum(lake, { dataset: name, dryRun, keepSnapshotIds, graceMs });
    total.removed += found.removed.length;
    total.bytes += found.bytes;
  }
  return total;
}

async function snapshotsOfModels(registry: Registry): Promise<string[]> {
  const models = await registry.listModels();
  const versions = await Promise.all(models.map(({ model }) => registry.listVersions({ model })));
  return versions.flat().flatMap(({ card }) => Object.values(card.data.snapshots));
}

const GRACE_MS = 60 * 60 * 1000;

/** What was written since the oldest running workflow of the dataset has started may be its own. */
async function graceFor(client: Client, dataset: string): Promise<number> {
  let oldestMs = Date.now() - GRACE_MS;
  const query = `WatchlakeDataset = '${dataset}' AND ExecutionStatus = 'Running'`;
  for await (const { startTime } of client.workflow.list({ query })) {
    oldestMs = Math.min(oldestMs, startTime.getTime());
  }
  return Date.now() - oldestMs;
}
