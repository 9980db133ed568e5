/** Removes a dataset wherever something of it lies, or tells what that would be. */
import type { Client } from '@temporalio/client';
import type { AnnotationStore } from '../annotation/annotation';
import type { Consent } from '../consent/consent';
import { WatchlakeError } from '../core/errors';
import { callable } from '../core/program-name';
import type { DeviceTables } from '../devices/devices';
import { datasetsOf } from '../lakehouse/datasets';
import { EVENTS_TABLE } from '../lakehouse/devices/names';
import type { Lake } from '../lakehouse/lake';
import { holdingsOf, removeFromLake, type FormerDataset } from '../lakehouse/removal';
import { rememberRemoved, type RemovedTopics } from '../lakehouse/removed-streams';
import { unknownDataset } from '../lakehouse/unknown-names';
import type { Registry } from '../registry/registry';
import { inTheWay } from './in-the-way';

export interface DatasetRemovalDeps {
  client: Client;
  registry: Registry;
  annotation: Pick<AnnotationStore, 'askedOf' | 'removeAsked'>;
  consent: Pick<Consent, 'openCases'>;
  lake: Lake;
  devices: Pick<DeviceTables, 'aggregatesOf' | 'removeAggregates'>;
  /** Up to where the topics of streams go now, and of devices' events if asked for. */
  topicEnds: (of: { events: boolean }) => Promise<RemovedTopics>;
}

export interface DatasetRemoval {
  dataset: string;
  /** Published ones. */
  tables: string[];
  objects: number;
  bytes: number;
  campaigns: number;
  tasks: number;
  /** Answers of people. */
  labels: number;
  splits: number;
  /** Rows of people in the aggregates of devices. */
  aggregates: number;
  /** Models that learned from it, and with how many versions: they stay. */
  models: { model: string; versions: number }[];
  /** What has to end before it can go, in words. */
  inTheWay: string[];
}

export interface DatasetRemovalOptions {
  dataset: string;
  /** Removes it although models have learned from it, which can then be neither compared nor retrained. */
  keepModels?: boolean;
}

async function planned(
  deps: DatasetRemovalDeps,
  { dataset, keepModels = false }: DatasetRemovalOptions,
): Promise<DatasetRemoval> {
  const { client, registry, annotation, consent, lake, devices } = deps;
  const isInLake = (await datasetsOf(lake)).includes(dataset);
  const { campaigns, tasks, labels } = await annotation.askedOf({ dataset });
  if (!isInLake && campaigns === 0) throw await unknownDataset(lake, dataset);
  const { worksUntilMs, ...held } = await holdingsOf(lake, dataset);
  const models = await registry.learnersOf({ dataset });
  const cases = await consent.openCases({ dataset });
  const inItsWay = await inTheWay(client, { dataset });
  if (cases > 0) inItsWay.push('the erasure of a person from it has not finished');
  if (worksUntilMs > Date.now()) {
    const until = new Date(worksUntilMs).toISOString();
    inItsWay.push(`a job that was left may write until ${until}`);
  }
  if (models.length > 0 && !keepModels) {
    const learned = models.map(({ model }) => model).join(', ');
    inItsWay.push(
      callable(
        `models that learned from it: ${learned} (\`watchlake models remove <model>\` removes one, --keep-models leaves them)`,
      ),
    );
  }
  const splits = await registry.countSplits({ dataset });
  const aggregates = await devices.aggregatesOf(dataset);
  const asked = { campaigns, tasks, labels };
  return { dataset, ...held, ...asked, splits, aggregates, models, inTheWay: inItsWay };
}

/** What `removeDataset` would do. DATASET_NOT_FOUND when there is nothing of it. */
export const planDatasetRemoval = planned;

/** Repeating it goes on where it was interrupted; DATASET_IN_USE while something is in the way. */
export async function removeDataset(
  deps: DatasetRemovalDeps,
  { onObject, ...options }: DatasetRemovalOptions & { onObject?: () => void },
): Promise<DatasetRemoval> {
  const { client, registry, annotation, lake, devices } = deps;
  const { dataset } = options;
  const refuse = ([what]: readonly string[]) => {
    if (what !== undefined) throw new WatchlakeError('DATASET_IN_USE', { dataset, what });
  };
  const plan = await planned(deps, options);
  refuse(plan.inTheWay);
  const requireFree = async () => refuse(await inTheWay(client, { dataset }));
  const removeRecords = async ({ tables, topicsRead }: FormerDataset) => {
    const ends = await deps.topicEnds({ events: tables.includes(EVENTS_TABLE) });
    // Of topics that EVENTS_TOPIC does not name any more, as far as they were read.
    const events = { ...topicsRead, ...ends.events };
    const hadEvents = Object.keys(events).length > 0;
    await rememberRemoved(lake.store, dataset, { ...ends, ...(hadEvents ? { events } : {}) });
    await devices.removeAggregates(dataset);
    await annotation.removeAsked({ dataset });
    await registry.removeSplits({ dataset });
  };
  await removeFromLake(lake, { dataset, requireFree, removeRecords, onObject });
  return plan;
}
