/** The format `recordings`: recordings of movements, each with its device and person. */
import type {
  DatasetFormat,
  LandRequest,
  OpenRequest,
  OpenedIngest,
  PublishedLanding,
} from '../dataset-format';
import type { Lake } from '../lake';
import { buildFeatures } from '../watch/build-features';
import { declaredTables, planRefresh } from '../watch/refresh-plan';
import { WITHDRAWN } from '../suppression';
import { LANDING_TABLE, landingFacts } from './descriptor';
import { RECORDINGS_ERASING } from './erasing';
import type { IngestPlan } from './ingest-plan';
import { landedFacts, planIngest, savePlan } from './ingest-plan';
import { entriesOf, landPart } from './land-part';
import { isLanded, publishLanding } from './publish-landing';
import { readLayout } from './recordings-layout';

/** By reason, in recordings: nothing of them is read. */
const droppedOf = ({ withdrawn = 0 }: IngestPlan): Record<string, number> =>
  withdrawn > 0 ? { [WITHDRAWN]: withdrawn } : {};

async function openIngest(lake: Lake, request: OpenRequest): Promise<OpenedIngest> {
  const layout = await readLayout(request.source);
  const plan = await planIngest(lake, { ...request, layout });
  return {
    ingestId: plan.ingestId,
    members: plan.parts.flat().length,
    batches: plan.batches.length,
    planKey: await savePlan(lake, plan),
    alreadyLanded: isLanded(await landedFacts(lake, plan.dataset), plan),
    dropped: droppedOf(plan),
  };
}

async function landBatch(lake: Lake, request: LandRequest<IngestPlan>) {
  const { plan, batch, source, secret, signal, onRows } = request;
  const { recordings } = await readLayout(source);
  let [members, rows] = [0, 0];
  for (const part of plan.batches[batch] ?? []) {
    const entries = entriesOf(plan, part, recordings);
    const report = (count: number) => onRows?.(part, count);
    const landing = { plan, part, source, entries, secret, signal, onRows: report };
    const landed = await landPart(lake, landing);
    members += landed.recordings.length;
    rows += landed.recordings.reduce((sum, recording) => sum + recording.rows, 0);
  }
  return { members, rows };
}

async function publish(
  lake: Lake,
  plan: IngestPlan,
  options: { signal?: AbortSignal },
): Promise<PublishedLanding> {
  const manifest = await publishLanding(lake, plan, options);
  return {
    table: LANDING_TABLE,
    snapshotId: manifest.snapshotId,
    rows: manifest.rows,
    members: landingFacts(manifest).recordings.length,
    quarantined: { ...manifest.quarantined },
    dropped: droppedOf(plan),
  };
}

export const RECORDINGS: DatasetFormat = {
  name: 'recordings',
  extensions: ['.csv'],
  landingTables: [LANDING_TABLE],
  erasing: RECORDINGS_ERASING,
  openIngest,
  landBatch,
  publishLanding: publish,
  planRefresh,
  declaredTables,
  buildRows: buildFeatures,
};
