/** Vacuums the lake; what the catalogue, a model card or a running workflow refers to stays. */
import type { Client } from '@temporalio/client';
import type { Lake } from '../lakehouse/lake';
import { vacuum } from '../lakehouse/vacuum';
import type { Registry } from '../registry/registry';

export interface VacuumDeps {
  client: Client;
  registry: Registry;
  lake: Lake;
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

export async function vacuumLake(
  { client, registry, lake }: VacuumDeps,
  { dataset, dryRun, graceMs = GRACE_MS }: VacuumOptions,
): Promise<VacuumResult> {
  const known = await lake.catalog.list(dataset === undefined ? {} : { dataset });
  const keepSnapshotIds = await snapshotsOfModels(registry);
  const total = { removed: 0, bytes: 0 };
  for (const name of new Set(known.map((pointer) => pointer.dataset))) {
    const sinceMs = Math.min(Date.now() - graceMs, await oldestRunMs(client, name));
    const request = { dataset: name, dryRun, keepSnapshotIds, graceMs: Date.now() - sinceMs };
    const found = await vacuum(lake, request);
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

/**
 * When the oldest running workflow of the dataset has started. What was written, published or built
 * upon since then may be what it works with.
 */
async function oldestRunMs(client: Client, dataset: string): Promise<number> {
  let oldestMs = Date.now();
  const query = `WatchlakeDataset = '${dataset}' AND ExecutionStatus = 'Running'`;
  for await (const { startTime } of client.workflow.list({ query })) {
    oldestMs = Math.min(oldestMs, startTime.getTime());
  }
  return oldestMs;
}
