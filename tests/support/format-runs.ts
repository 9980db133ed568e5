/** Lands sources of any format and builds their tables, as the workflows do. */
import { buildTable } from '../../lakehouse/build-table';
import type { FormatName, PublishedLanding } from '../../lakehouse/dataset-format';
import type { RefreshRequest } from '../../lakehouse/refresh-request';
import { formatNamed, formatOfDataset } from '../../lakehouse/formats';
import type { Lake } from '../../lakehouse/lake';
import { loadPlan } from '../../lakehouse/landing/ingest-folder';
import type { SnapshotManifest } from '../../lakehouse/manifest';
import type { JobContext } from '../../lakehouse/ports';
import { publishRelease, publishedVersions } from '../../lakehouse/release';
import { openSource } from '../../lakehouse/sources/open-source';
import type { Suppression } from '../../lakehouse/suppression';
import { NOBODY } from '../../lakehouse/suppression';
import { SECRET } from './recordings';

export interface FormatIngest {
  readonly source: string;
  readonly dataset: string;
  readonly suppression?: Suppression;
}

/** What the workflow `ingest` does, in one go. */
export async function ingestFormat(
  lake: Lake,
  name: FormatName,
  { source: from, dataset, suppression = NOBODY }: FormatIngest,
): Promise<PublishedLanding & { alreadyLanded: boolean }> {
  const format = formatNamed(name);
  const source = await openSource(from, { extensions: format.extensions });
  try {
    const request = { dataset, source, secret: SECRET, suppression };
    const { planKey, batches, alreadyLanded } = await format.openIngest(lake, request);
    const plan = await loadPlan(lake, planKey);
    for (let batch = 0; batch < batches; batch += 1) {
      await format.landBatch(lake, { ...request, plan, batch });
    }
    return { ...(await format.publishLanding(lake, plan, {})), alreadyLanded };
  } finally {
    await source.close();
  }
}

export type BuiltTables = Record<string, SnapshotManifest & { reused: boolean }>;

/** What the workflow `refreshTables` does, in one go; stops where a check fails. */
export async function refreshFormat(
  lake: Lake,
  request: RefreshRequest,
  { only, job }: { only?: readonly string[]; job?: JobContext } = {},
): Promise<BuiltTables> {
  const { dataset } = request;
  const format = await formatOfDataset(lake, dataset);
  const replaces = await publishedVersions(lake, dataset);
  const { plan } = await format.planRefresh(lake, request);
  const inputs: Record<string, string> = {};
  const built: BuiltTables = {};
  for (const { name } of format.declaredTables(plan)) {
    if (only !== undefined && !only.includes(name)) continue;
    const { manifest, reused } = await buildTable(lake, { plan, table: name, inputs, job });
    inputs[name] = manifest.snapshotId;
    built[name] = { ...manifest, reused };
  }
  await publishRelease(lake, { dataset, snapshots: inputs, replaces });
  return built;
}
