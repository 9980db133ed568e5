/** Vacuums the lake; what the catalogue, a model card or a running workflow refers to stays. */
import type { Client } from '@temporalio/client';
import { datasetsOf } from '../lakehouse/datasets';
import type { Lake } from '../lakehouse/lake';
import { removeQueryTexts } from '../lakehouse/query-texts';
import { sweepDownloads } from '../lakehouse/sources/spool';
import { unknownDataset } from '../lakehouse/unknown-names';
import { vacuum } from '../lakehouse/vacuum';
import type { Registry } from '../registry/registry';

export interface VacuumDeps {
  client: Client;
  registry: Registry;
  lake: Lake;
  /** Where archives are fetched to. */
  downloads: string;
}

export interface VacuumOptions {
  /** All when absent. */
  dataset?: string;
  dryRun: boolean;
  /** What was in use less long ago stays: not every reader is a workflow. */
  graceMs?: number;
}

export interface VacuumResult {
  removed: number;
  bytes: number;
}

const GRACE_MS = 60 * 60 * 1000;
const RUNNING = `ExecutionStatus = 'Running'`;

/** DATASET_NOT_FOUND when the lake holds nothing of the one named. */
export async function vacuumLake(
  { client, registry, lake, downloads }: VacuumDeps,
  { dataset, dryRun, graceMs = GRACE_MS }: VacuumOptions,
): Promise<VacuumResult> {
  const known = await datasetsOf(lake);
  if (dataset !== undefined && !known.includes(dataset)) throw await unknownDataset(lake, dataset);
  const total = { removed: 0, bytes: 0 };
  const graceSince = (oldestMs: number) => Math.max(graceMs, Date.now() - oldestMs);
  for (const name of known.filter((each) => dataset === undefined || each === dataset)) {
    const oldestMs = await oldestRunMs(client, `WatchlakeDataset = '${name}' AND ${RUNNING}`);
    // After the runs: a training that is not among them any more has registered its model by now.
    const keepSnapshotIds = await snapshotsOfModels(registry);
    const of = { dataset: name, dryRun, keepSnapshotIds };
    const found = await vacuum(lake, { ...of, graceMs: graceSince(oldestMs) });
    total.removed += found.removed.length;
    total.bytes += found.bytes;
  }
  // Whose unfinished files and uploads are, nothing tells: any running workflow may still need them.
  if (!dryRun) {
    const oldestMs = await oldestRunMs(client, RUNNING);
    const graceOfAllMs = graceSince(oldestMs);
    const beforeMs = Date.now() - graceOfAllMs;
    total.bytes += (await lake.store.sweep(graceOfAllMs)).bytes;
    total.bytes += (await sweepDownloads(beforeMs, downloads)).bytes;
    total.bytes += await removeQueryTexts(lake.store, beforeMs);
  }
  return total;
}

async function snapshotsOfModels(registry: Registry): Promise<string[]> {
  const models = await registry.listModels();
  const versions = await Promise.all(models.map(({ model }) => registry.listVersions({ model })));
  const usable = versions.flat().filter(({ removedAt }) => removedAt === null);
  return usable.flatMap(({ card }) => Object.values(card.data.snapshots));
}

/**
 * When the oldest of these workflows has started. What was written, published or built upon since
 * then may be what it works with.
 */
async function oldestRunMs(client: Client, query: string): Promise<number> {
  let oldestMs = Date.now();
  for await (const { startTime } of client.workflow.list({ query })) {
    oldestMs = Math.min(oldestMs, startTime.getTime());
  }
  return oldestMs;
}
