/** Publishes what an ingest has landed: the table's recordings so far and the new ones. */
import { WatchlakeError } from '../../core/errors';
import type { Lake } from '../lake';
import type { DataFile, SnapshotManifest } from '../manifest';
import type { BuildOutcome } from '../ports';
import { ensureSnapshot, findManifest, publishSnapshot } from '../snapshots';
import type { LandingFacts } from './descriptor';
import { LANDING_TABLE, describeDataset, landingFacts } from './descriptor';
import { copyFiles } from './copy-files';
import { removeParts } from './ingest-folder';
import type { IngestPlan } from './ingest-plan';
import { savePlan, sourceLabel } from './ingest-plan';
import type { LandedPart } from './land-part';
import { readPart } from './land-part';
import { landingTable } from './landing-table';

const sum = (values: readonly number[]): number => values.reduce((total, each) => total + each, 0);

async function currentLanding(lake: Lake, dataset: string): Promise<SnapshotManifest | null> {
  const pointer = await lake.catalog.pointer({ dataset, table: LANDING_TABLE });
  return pointer === null ? null : findManifest(lake, { dataset, table: LANDING_TABLE });
}

async function readParts(lake: Lake, plan: IngestPlan): Promise<LandedPart[]> {
  return Promise.all(plan.parts.map((_, part) => readPart(lake, plan, part)));
}

/** The landing table's facts with the new recordings; refuses one that came in from elsewhere. */
function mergedFacts(
  plan: IngestPlan,
  before: LandingFacts | null,
  parts: readonly LandedPart[],
): LandingFacts {
  const added = parts.flatMap(({ recordings }) => recordings);
  const known = new Set(before?.recordings.map(({ recording }) => recording));
  const overlap = added.find(({ recording }) => known.has(recording));
  const { dataset, ingestId, channels, keyFingerprint } = plan;
  if (overlap !== undefined) {
    throw new WatchlakeError('INGEST_OVERLAPS', { dataset, recording: overlap.recording });
  }
  const recordings = [...(before?.recordings ?? []), ...added];
  const source = sourceLabel(plan);
  return {
    descriptor: describeDataset({ dataset, channels, keyFingerprint }, recordings),
    ingests: [...(before?.ingests ?? []), { ingestId, source, recordings: added.length }],
    recordings,
  };
}

export function outcomeOf(files: DataFile[], facts: LandingFacts): BuildOutcome {
  return {
    rows: sum(files.map(({ rows }) => rows)),
    // What the CSV reader counted against what the Parquet files hold.
    inputRows: sum(facts.recordings.map(({ rows }) => rows)),
    usedRows: sum(files.map(({ rows }) => rows)),
    quarantined: {},
    dropped: {},
    files,
    quarantineFiles: [],
    firstProblems: [],
  };
}

/** Recordings that were erased since may land again, once consent is given anew. */
export function isLanded(facts: LandingFacts | null, plan: IngestPlan): boolean {
  if (facts === null) return false;
  const known = new Set(facts.recordings.map(({ recording }) => recording));
  const isNamed = facts.ingests.some(({ ingestId }) => ingestId === plan.ingestId);
  const recordings = plan.parts.flat();
  return recordings.length === 0 || (isNamed && recordings.every((each) => known.has(each)));
}

/** Names of files that were left out may name people: once nothing is read any more, they go. */
async function forgetMembers(lake: Lake, plan: IngestPlan): Promise<void> {
  if (!plan.withdrawn) return;
  const key = await savePlan(lake, { ...plan, known: { ...plan.known, members: [] } });
  await lake.store.removeOldVersions(key);
}

/** Repeating it changes nothing: an ingest that the published table names is done. */
export async function publishLanding(
  lake: Lake,
  plan: IngestPlan,
  { signal, onFile }: { signal?: AbortSignal; onFile?: () => void } = {},
): Promise<SnapshotManifest> {
  const before = await currentLanding(lake, plan.dataset);
  if (before !== null && isLanded(landingFacts(before), plan)) {
    await removeParts(lake, plan);
    await forgetMembers(lake, plan);
    return before;
  }
  const parts = await readParts(lake, plan);
  const facts = mergedFacts(plan, before && landingFacts(before), parts);
  if (sum(facts.recordings.map(({ rows }) => rows)) === 0) {
    throw new WatchlakeError('ARCHIVE_EMPTY', { source: plan.source });
  }
  const table = landingTable({
    dataset: plan.dataset,
    channels: plan.channels,
    fingerprints: facts.recordings.map(({ fingerprint }) => fingerprint),
  });
  const { manifest } = await ensureSnapshot(lake, {
    table,
    inputs: Object.fromEntries(facts.ingests.map(({ ingestId }) => [ingestId, ingestId])),
    signal,
    write: async (prefix) => {
      const old = before?.files ?? [];
      const files = [...old, ...parts.flatMap((part) => part.files)];
      const copied = await copyFiles(lake, files, `${prefix}data/`, onFile);
      return { ...outcomeOf(copied, facts), facts: { ...facts } };
    },
  });
  await publishSnapshot(lake, manifest);
  await removeParts(lake, plan);
  await forgetMembers(lake, plan);
  return manifest;
}
