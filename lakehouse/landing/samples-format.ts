/** Makes a format of datasets out of what sets it apart: archives that hold recordings of people. */
import type {
  DatasetFormat,
  LandedBatch,
  LandRequest,
  OpenRequest,
  OpenedIngest,
  PublishedLanding,
} from '../dataset-format';
import type { ErasingFormat } from '../erasure/erasing-format';
import type { Lake } from '../lake';
import { WITHDRAWN } from '../suppression';
import { buildFeatures } from '../watch/build-features';
import { landingFacts, type LandedRecording } from './descriptor';
import { recordingsErasing } from './erasing';
import type { IngestPlan } from './ingest-plan';
import { entriesOf, landedFacts, planIngest, savePlan } from './ingest-plan';
import type { PartRequest } from './land-part';
import type { LandingKind } from './landing-kind';
import type { LandedPart } from './parts';
import { createReading } from './reading';
import { isLanded, publishLanding } from './publish-landing';
import type { RecordingsLayout } from './recordings-layout';
import { samplingOf } from './sampling';
import { toldUnread } from './unread-columns';

export interface SamplesFormat extends Pick<
  DatasetFormat,
  'extensions' | 'planRefresh' | 'declaredTables' | 'factsOf' | 'recordingOf' | 'emptinessOf'
> {
  readonly kind: LandingKind;
  readonly presentRefresh: ErasingFormat['presentRefresh'];
  readonly readLayout: (
    request: Pick<OpenRequest, 'source' | 'dataset' | 'secret'>,
  ) => Promise<RecordingsLayout>;
  readonly landPart: (lake: Lake, request: PartRequest) => Promise<LandedPart>;
}

/** By reason, in recordings: nothing of them is read. */
const droppedOf = ({ withdrawn = 0 }: IngestPlan): Record<string, number> =>
  withdrawn > 0 ? { [WITHDRAWN]: withdrawn } : {};

const rowsOf = (recordings: readonly LandedRecording[]): number =>
  recordings.reduce((sum, { rows }) => sum + rows, 0);

async function openIngest(
  { kind, readLayout }: SamplesFormat,
  lake: Lake,
  request: OpenRequest,
): Promise<OpenedIngest> {
  const layout = await readLayout(request);
  const plan = await planIngest(lake, { ...request, kind, layout });
  const landing = new Set(plan.parts.flat());
  const members = layout.recordings.filter(({ recording }) => landing.has(recording));
  return {
    ingestId: plan.ingestId,
    members: members.length,
    bytes: members.reduce((sum, { member }) => sum + member.bytes, 0),
    batches: plan.batches.length,
    planKey: await savePlan(lake, plan),
    alreadyLanded: isLanded(await landedFacts(lake, plan.dataset, kind), plan),
    dropped: droppedOf(plan),
  };
}

async function landBatch(
  { readLayout, landPart }: SamplesFormat,
  lake: Lake,
  request: LandRequest<IngestPlan>,
): Promise<LandedBatch> {
  const { plan, batch, source, secret, signal, onRows, onRead } = request;
  const { recordings } = await readLayout(request);
  const reading = createReading(onRead);
  let [members, rows] = [0, 0];
  for (const part of plan.batches[batch] ?? []) {
    const entries = entriesOf(plan, part, recordings);
    const files = entries.map(({ member }) => member);
    const landed = await reading.part(files, source, (watched) =>
      landPart(lake, { plan, part, source: watched, entries, secret, signal, onRows }),
    );
    members += landed.recordings.length;
    rows += rowsOf(landed.recordings);
  }
  return { members, rows, bytes: reading.bytes() };
}

async function publish(
  { kind }: SamplesFormat,
  lake: Lake,
  plan: IngestPlan,
  options: { signal?: AbortSignal },
): Promise<PublishedLanding> {
  const manifest = await publishLanding(lake, kind, plan, options);
  const facts = landingFacts(manifest);
  const { recordings, descriptor, ingests } = facts;
  const unread = ingests.findLast(({ ingestId }) => ingestId === plan.ingestId)?.unread;
  const membersWithoutRows = recordings.filter(({ rows }) => rows === 0).length;
  const planned = new Set(plan.parts.flat());
  const added = recordings.filter(({ recording }) => planned.has(recording));
  const sampling = samplingOf(kind, facts, added);
  return {
    table: kind.table,
    snapshotId: manifest.snapshotId,
    rows: manifest.rows,
    members: recordings.length,
    ...(membersWithoutRows > 0 ? { membersWithoutRows } : {}),
    ...(added.length > 0 && added.length < recordings.length
      ? { added: { members: added.length, rows: rowsOf(added) } }
      : {}),
    ...(sampling === undefined ? {} : { sampling }),
    labels: descriptor.labels.length,
    ...toldUnread(unread),
    quarantined: { ...manifest.quarantined },
    dropped: droppedOf(plan),
  };
}

export const samplesFormat = (format: SamplesFormat): DatasetFormat => ({
  name: format.kind.format,
  extensions: format.extensions,
  landingTables: [format.kind.table],
  erasing: recordingsErasing(format.kind, format.presentRefresh),
  recordingOf: format.recordingOf,
  openIngest: (lake, request) => openIngest(format, lake, request),
  landBatch: (lake, request: LandRequest<IngestPlan>) => landBatch(format, lake, request),
  publishLanding: (lake, plan: IngestPlan, options) => publish(format, lake, plan, options),
  planRefresh: format.planRefresh,
  declaredTables: format.declaredTables,
  factsOf: format.factsOf,
  emptinessOf: format.emptinessOf,
  buildRows: buildFeatures,
});
