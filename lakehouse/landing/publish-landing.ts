/** Publishes what an ingest has landed: the table's recordings so far and the new ones. */
import { randomBytes } from 'node:crypto';
import { WatchlakeError } from '../../core/errors';
import type { Lake } from '../lake';
import type { DataFile, SnapshotManifest } from '../manifest';
import type { BuildOutcome } from '../ports';
import { ensureSnapshot, findManifest, publishSnapshot } from '../snapshots';
import type { LandingFacts } from './descriptor';
import { LANDING_TABLE, describeDataset, landingFacts } from './descriptor';
import type { IngestPlan } from './ingest-plan';
import { ingestFolder, sourceLabel } from './ingest-plan';
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

/** A snapshot is complete under its own prefix: older files are copied, which links them. */
async function copyFiles(
  { store }: Lake,
  files: readonly DataFile[],
  prefix: string,
  onFile?: () => void,
): Promise<DataFile[]> {
  const copied: DataFile[] = [];
  // A twin of this run must not find its files removed when this one gives up.
  const attempt = randomBytes(4).toString('hex');
  for (const [index, file] of files.entries()) {
    const key = `${prefix}data/${attempt}-${String(index).padStart(6, '0')}.parquet`;
    await store.copy(file.key, key);
    copied.push({ ...file, key });
    onFile?.();
  }
  return copied;
}

function outcomeOf(files: DataFile[], facts: LandingFacts): BuildOutcome {
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

async function removeParts({ store }: Lake, plan: IngestPlan): Promise<void> {
  const keys: string[] = [];
  for await (const { key } of store.list(ingestFolder(plan))) {
    if (!key.includes('/plan-')) keys.push(key);
  }
  for (const key of keys) await store.remove(key);
}

export const isLanded = (facts: LandingFacts | null, plan: IngestPlan): boolean =>
  facts !== null &&
  (plan.parts.length === 0 || facts.ingests.some(({ ingestId }) => ingestId === plan.ingestId));

/** Repeating it changes nothing: an ingest that the published table names is done. */
export async function publishLanding(
  lake: Lake,
  plan: IngestPlan,
  { signal, onFile }: { signal?: AbortSignal; onFile?: () => void } = {},
): Promise<SnapshotManifest> {
  const before = await currentLanding(lake, plan.dataset);
  if (before !== null && isLanded(landingFacts(before), plan)) {
    await removeParts(lake, plan);
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
      const copied = await copyFiles(lake, files, prefix, onFile);
      return { ...outcomeOf(copied, facts), facts: { ...facts } };
    },
  });
  await publishSnapshot(lake, manifest);
  await removeParts(lake, plan);
  return manifest;
}
