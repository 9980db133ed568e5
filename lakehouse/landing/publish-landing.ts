/** Publishes what an ingest has landed: the table's recordings so far and the new ones. */
import { WatchlakeError } from '../../core/errors';
import { addCounts } from '../counts';
import type { Lake } from '../lake';
import type { DataFile, SnapshotManifest } from '../manifest';
import type { BuildOutcome } from '../ports';
import { findBase, publishSnapshot } from '../published';
import { ensureSnapshot } from '../snapshots';
import { shownAddress } from '../sources/source-address';
import type { LandedRecording, LandingFacts } from './descriptor';
import { describeDataset, landingFacts } from './descriptor';
import { copyFiles } from './copy-files';
import { removeParts } from './ingest-folder';
import type { IngestPlan } from './ingest-plan';
import { refuseOtherDataset, savePlan, sourceLabel } from './ingest-plan';
import type { LandingKind } from './landing-kind';
import type { LandedPart } from './parts';
import { readPart } from './parts';
import { addUnread } from './unread-columns';

const FIRST_PROBLEMS = 3;

const sum = (values: readonly number[]): number => values.reduce((total, each) => total + each, 0);

async function readParts(lake: Lake, plan: IngestPlan): Promise<LandedPart[]> {
  return Promise.all(plan.parts.map((_, part) => readPart(lake, plan, part)));
}

/** The landing table's facts with the new recordings; refuses one that came in from elsewhere. */
function mergedFacts(
  kind: LandingKind,
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
  const base = { dataset, format: kind.format, channels, keyFingerprint };
  const unread = addUnread([plan.unread ?? [], ...parts.map((part) => part.unread ?? [])]);
  const ingest = { ingestId, source, recordings: added.length };
  const activities = plan.activities ?? before?.activities;
  return {
    descriptor: describeDataset(base, recordings, before),
    ingests: [...(before?.ingests ?? []), { ...ingest, ...(unread.length > 0 && { unread }) }],
    recordings,
    ...(activities === undefined ? {} : { activities }),
  };
}

/** Lines of a recording: those that are rows, and those that are not. */
const linesOf = ({ rows, quarantined = {} }: LandedRecording): number =>
  rows + sum(Object.values(quarantined));

export interface LandingFiles {
  readonly files: readonly DataFile[];
  readonly quarantineFiles: readonly DataFile[];
  readonly firstProblems: readonly string[];
}

export function outcomeOf(landed: LandingFiles, { recordings }: LandingFacts): BuildOutcome {
  const rows = sum(landed.files.map((file) => file.rows));
  return {
    rows,
    // What was counted while reading against what the Parquet files hold.
    inputRows: sum(recordings.map(linesOf)),
    usedRows: rows,
    quarantined: addCounts(recordings.map(({ quarantined = {} }) => quarantined)),
    dropped: {},
    ...landed,
    firstProblems: landed.firstProblems.slice(0, FIRST_PROBLEMS),
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

/** What the table held before and what has landed since, under the new snapshot's prefix. */
async function adopted(
  lake: Lake,
  all: readonly LandingFiles[],
  prefix: string,
  onFile?: () => void,
): Promise<LandingFiles> {
  const files = all.flatMap((each) => each.files);
  const problems = all.flatMap((each) => each.quarantineFiles);
  return {
    files: await copyFiles(lake, files, `${prefix}data/`, onFile),
    quarantineFiles: await copyFiles(lake, problems, `${prefix}quarantine/`, onFile),
    firstProblems: all.flatMap((each) => each.firstProblems),
  };
}

const filesOf = ({ files, quarantineFiles = [], firstProblems = [] }: LandedPart) => ({
  ...{ files, quarantineFiles, firstProblems },
});

/** Repeating it changes nothing: an ingest that the published table names is done. */
export async function publishLanding(
  lake: Lake,
  kind: LandingKind,
  plan: IngestPlan,
  { signal, onFile }: { signal?: AbortSignal; onFile?: () => void } = {},
): Promise<SnapshotManifest> {
  const { dataset, channels } = plan;
  const base = await findBase(lake, { dataset, table: kind.table });
  const { before } = base;
  if (before !== null && isLanded(landingFacts(before), plan)) {
    await removeParts(lake, plan);
    await forgetMembers(lake, plan);
    return before;
  }
  if (before !== null) {
    // Planned beside another first archive, which has landed since.
    const source = shownAddress(plan.source);
    refuseOtherDataset(landingFacts(before).descriptor, { ...plan, source });
  }
  const parts = await readParts(lake, plan);
  const facts = mergedFacts(kind, plan, before && landingFacts(before), parts);
  if (sum(facts.recordings.map(linesOf)) === 0) {
    throw new WatchlakeError('ARCHIVE_EMPTY', { source: shownAddress(plan.source) });
  }
  const fingerprints = facts.recordings.map(({ fingerprint }) => fingerprint);
  const { manifest } = await ensureSnapshot(lake, {
    table: kind.declare({ dataset, channels, fingerprints }),
    inputs: Object.fromEntries(facts.ingests.map(({ ingestId }) => [ingestId, ingestId])),
    signal,
    write: async (prefix) => {
      const all = [...(before === null ? [] : [before]), ...parts.map(filesOf)];
      const landed = await adopted(lake, all, prefix, onFile);
      return { ...outcomeOf(landed, facts), facts: { ...facts } };
    },
  });
  await publishSnapshot(lake, manifest, base);
  await removeParts(lake, plan);
  await forgetMembers(lake, plan);
  return manifest;
}
