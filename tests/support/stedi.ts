/** Lands sources of the format `stedi` and builds their tables, as the workflows do. */
import { buildTable } from '../../lakehouse/build-table';
import type { PublishedLanding } from '../../lakehouse/dataset-format';
import { formatNamed } from '../../lakehouse/formats';
import type { Lake } from '../../lakehouse/lake';
import { loadPlan } from '../../lakehouse/landing/ingest-folder';
import type { SnapshotManifest } from '../../lakehouse/manifest';
import { publishRelease } from '../../lakehouse/release';
import { openSource } from '../../lakehouse/sources/open-source';
import type { StediOptions } from '../../lakehouse/stedi/options';
import { DEFAULT_OPTIONS } from '../../lakehouse/stedi/options';
import type { Suppression } from '../../lakehouse/suppression';
import { NOBODY } from '../../lakehouse/suppression';
import { SECRET } from './recordings';

const STEDI = formatNamed('stedi');

export interface StediIngest {
  readonly source: string;
  readonly dataset?: string;
  readonly suppression?: Suppression;
}

/** What the workflow `ingest` does, in one go. */
export async function ingestStedi(
  lake: Lake,
  { source: name, dataset = 'stedi', suppression = NOBODY }: StediIngest,
): Promise<PublishedLanding & { alreadyLanded: boolean }> {
  const source = await openSource(name, { extensions: STEDI.extensions });
  try {
    const request = { dataset, source, secret: SECRET, suppression };
    const { planKey, batches, alreadyLanded } = await STEDI.openIngest(lake, request);
    const plan = await loadPlan(lake, planKey);
    for (let batch = 0; batch < batches; batch += 1) {
      await STEDI.landBatch(lake, { ...request, plan, batch });
    }
    return { ...(await STEDI.publishLanding(lake, plan, {})), alreadyLanded };
  } finally {
    await source.close();
  }
}

export type BuiltTables = Record<string, SnapshotManifest & { reused: boolean }>;

/** What the workflow `refreshTables` does, in one go; stops where a check fails. */
export async function refreshStedi(
  lake: Lake,
  given: Partial<StediOptions> = {},
  dataset = 'stedi',
): Promise<BuiltTables> {
  const options = { ...DEFAULT_OPTIONS, ...given };
  const { plan } = await STEDI.planRefresh(lake, { dataset, options });
  const inputs: Record<string, string> = {};
  const built: BuiltTables = {};
  for (const { name } of STEDI.declaredTables(plan)) {
    const { manifest, reused } = await buildTable(lake, { plan, table: name, inputs });
    inputs[name] = manifest.snapshotId;
    built[name] = { ...manifest, reused };
  }
  await publishRelease(lake, { dataset, snapshots: inputs });
  return built;
}

export const rowsOfTables = (built: BuiltTables): number[] =>
  Object.values(built).map(({ rows }) => rows);
