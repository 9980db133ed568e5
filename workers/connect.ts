/** What a command needs of a running system: a client, the registry, the campaigns and the lake. */
import type { Client } from '@temporalio/client';
import { createAnnotationStore, type AnnotationStore } from '../annotation/annotation';
import { createDeviceTables } from '../devices/devices';
import { glueDatabases } from '../lakehouse/catalogs/glue-databases';
import { datasetSummaries, type DatasetSummary } from '../lakehouse/dataset-summaries';
import { datasetsOf } from '../lakehouse/datasets';
import type { Lake } from '../lakehouse/lake';
import type { QueryResult } from '../lakehouse/ports';
import { query } from '../lakehouse/query';
import {
  generateLike,
  type SyntheticArchive,
  type SyntheticProgress,
} from '../lakehouse/synthetic/generate';
import type { SyntheticOptions } from '../lakehouse/synthetic/options';
import type { QuarantineCount, ShowRequest } from '../lakehouse/read-quarantine';
import { listQuarantine, showQuarantine } from '../lakehouse/read-quarantine';
import { openStore } from '../lakehouse/stores/open-store';
import { openPool } from '../registry/database';
import { createRegistry, type Registry } from '../registry/registry';
import type { VersionName } from '../registry/versions';
import { announceVersion } from '../streaming/control';
import type { Broker } from '../streaming/ports';
import { eventEnds, streamEnds } from '../streaming/topic-end';
import { deviceTopics, topicNames } from '../streaming/topics';
import { commandAthena, type CommandAthena } from './athena';
import { awaitAddresses, type OnWait } from './awaited-parts';
import { commandConsent, type CommandConsent } from './consent';
import { catalogDdl, type DdlOptions } from './catalog-ddl';
import type { Addresses } from './addresses';
import type { Config } from './config';
import { brokerOf, lakeOf, SILENT_STREAM_LOG, topicShape } from './dependencies';
import { holdoutScores, type HoldoutScores } from './holdout-scores';
import {
  planDatasetRemoval,
  removeDataset,
  type DatasetRemoval,
  type DatasetRemovalDeps,
  type DatasetRemovalOptions,
} from './remove-dataset';
import { planModelRemoval, removeModel, type ModelRemoval } from './remove-model';
import { planVersionRemoval, removeVersion, type VersionRemoval } from './remove-version';
import { s3Settings } from './s3';
import { spoolFolder } from './sources';
import { connectClient } from './temporal';
import { vacuumLake, type VacuumResult } from './vacuum';

export interface CommandContext {
  client: Client;
  addresses: Addresses;
  registry: Registry;
  annotation: Pick<
    AnnotationStore,
    'progress' | 'listCampaigns' | 'countCampaigns' | 'closeCampaign'
  >;
  /** What versions of a model reached when the gate compared them; without those it never compared. */
  holdoutScores(options: { model: string; versions: readonly string[] }): Promise<HoldoutScores>;
  consent: CommandConsent;
  /** Keeps what the catalogue, a model card or a running workflow refers to. */
  vacuum(options: { dataset?: string; dryRun: boolean }): Promise<VacuumResult>;
  /** A dry run tells what would go, and what is in the way. */
  removeDataset(
    options: DatasetRemovalOptions & { dryRun: boolean; onObject?: () => void },
  ): Promise<DatasetRemoval>;
  /** The same for a model with all its versions. */
  removeModel(options: { model: string; dryRun: boolean }): Promise<ModelRemoval>;
  /** The same for one version, of which the card stays. */
  removeVersion(options: VersionName & { dryRun: boolean }): Promise<VersionRemoval>;
  /** The names of the datasets that the lake holds. */
  datasets(): Promise<string[]>;
  /** Tells running predictors through the control topic. */
  announceChampion(options: { model: string; version: string }): Promise<void>;
  close(): Promise<void>;
}

/** The lake alone: it is a folder, and needs nothing that runs. */
export interface CommandLake {
  /** What it holds, one line for each dataset. */
  datasets(): Promise<DatasetSummary[]>;
  query(options: { sql: string; dataset?: string; maximumRows: number }): Promise<QueryResult>;
  /** Recordings of people who never were, alike to those of a dataset. */
  generate(
    target: { dataset: string; archive: string },
    options: Partial<SyntheticOptions>,
    onProgress: (progress: SyntheticProgress) => void,
  ): Promise<SyntheticArchive>;
  /** What broke a rule, by table and reason, and row by row. */
  readonly quarantine: {
    list(options: { dataset?: string }): Promise<QuarantineCount[]>;
    show(options: ShowRequest): ReturnType<typeof showQuarantine>;
  };
  /** `CREATE EXTERNAL TABLE` of every published table, as Athena takes it. */
  ddl(options: DdlOptions): Promise<string[]>;
  readonly athena: CommandAthena;
}

/** Throws STACK_NOT_RUNNING when a part is neither configured nor running, and STACK_NOT_READY. */
export async function connectCommand(config: Config, onWait?: OnWait): Promise<CommandContext> {
  const addresses = await awaitAddresses(config, onWait);
  const client = await connectClient(config, addresses.temporal.address);
  const pool = openPool(addresses.postgres.url);
  const registry = createRegistry(pool);
  const annotation = createAnnotationStore(pool);
  const devices = createDeviceTables(pool);
  const consent = commandConsent(config, pool, (work) => withLake(config, work));

  async function withBroker<T>(work: (broker: Broker) => Promise<T>): Promise<T> {
    const broker = brokerOf(config, addresses, SILENT_STREAM_LOG);
    try {
      return await work(broker);
    } finally {
      await broker.close();
    }
  }

  const topicEnds: DatasetRemovalDeps['topicEnds'] = ({ events }) =>
    withBroker(async (broker) => {
      const [shape, ofDevices] = [topicShape(config), deviceTopics(config.EVENTS_TOPIC)];
      return {
        ...(await streamEnds(broker, topicNames(), shape)),
        ...(events ? { events: await eventEnds(broker, ofDevices, shape) } : {}),
      };
    });

  return {
    client,
    addresses,
    registry,
    annotation,
    holdoutScores: (options) =>
      holdoutScores({ registry, store: openStore(config.LAKE_URI, s3Settings(config)) }, options),
    consent,
    vacuum: (options) =>
      withLake(config, (lake) =>
        vacuumLake({ lake, client, registry, downloads: spoolFolder(config) }, options),
      ),
    removeDataset: ({ dryRun, ...options }) =>
      withLake(config, (lake) => {
        const deps = { lake, client, registry, annotation, consent, devices, topicEnds };
        return dryRun ? planDatasetRemoval(deps, options) : removeDataset(deps, options);
      }),
    removeModel: ({ dryRun, model }) =>
      withLake(config, (lake) =>
        (dryRun ? planModelRemoval : removeModel)({ lake, client, registry }, { model }),
      ),
    removeVersion: ({ dryRun, ...wanted }) =>
      withLake(config, (lake) =>
        (dryRun ? planVersionRemoval : removeVersion)({ lake, client, registry }, wanted),
      ),
    datasets: () => withLake(config, datasetsOf),
    announceChampion: ({ model, version }) =>
      withBroker((broker) => announceVersion(broker, topicNames(), { model, version })),
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
  const databases = glueDatabases(config.GLUE_DATABASE);
  return {
    datasets: () => datasetSummaries(lake),
    query: (options) => query(lake, { ...options, databaseOf: (name) => databases.of(name) }),
    generate: (target, options, onProgress) => generateLike(lake, target, options, onProgress),
    quarantine: {
      list: (options) => listQuarantine(lake, options),
      show: (options) => showQuarantine(lake, options),
    },
    ddl: (options) => catalogDdl(lake, config, options),
    athena: commandAthena(config, lake),
  };
}
