/** Publishes what an ingest has landed: a changed file takes the place of its earlier version. */
import { contentHash } from '../../core/hash';
import { addCounts } from '../counts';
import type { LandedTableSummary, PublishedLanding } from '../dataset-format';
import type { Lake } from '../lake';
import { copyFiles } from '../landing/copy-files';
import { ingestFolder, removeParts } from '../landing/ingest-folder';
import type { SnapshotManifest } from '../manifest';
import type { BuildOutcome } from '../ports';
import type { Base } from '../published';
import { findBase, publishSnapshot } from '../published';
import { ensureSnapshot } from '../snapshots';
import { remaining, withoutCopies } from './copies';
import type { SourceName } from './fields';
import { SOURCE_NAMES } from './fields';
import type { StediIngestPlan } from './ingest-plan';
import { readLanded } from './land-batch';
import type { LandedFile, LandingFacts } from './landing-facts';
import { fingerprintOf, landingFacts } from './landing-facts';
import { landingTable } from './landing-tables';
import { STEDI_LANDING } from './locations';
import { withOwnNames } from './own-names';

const FIRST_PROBLEMS = 3;

const sum = (values: readonly number[]): number => values.reduce((total, each) => total + each, 0);

/** The files' objects under the snapshot's own prefix, all in one folder. */
async function adopted(
  lake: Lake,
  files: readonly LandedFile[],
  prefix: string,
): Promise<LandedFile[]> {
  const rows = await copyFiles(
    lake,
    files.flatMap((file) => file.files),
    `${prefix}data/`,
  );
  const problems = files.flatMap(({ quarantineFiles }) => quarantineFiles);
  const rejected = await copyFiles(lake, problems, `${prefix}quarantine/`);
  return files.map((file) => ({
    ...file,
    files: rows.splice(0, file.files.length),
    quarantineFiles: rejected.splice(0, file.quarantineFiles.length),
  }));
}

export function outcomeOf(files: readonly LandedFile[]): BuildOutcome {
  const rows = sum(files.map((each) => each.rows));
  return {
    rows,
    inputRows: sum(files.map(({ lines }) => lines)),
    usedRows: rows,
    quarantined: addCounts(files.map(({ quarantined }) => quarantined)),
    dropped: addCounts(files.map(({ dropped }) => dropped)),
    files: files.flatMap((each) => each.files),
    quarantineFiles: files.flatMap(({ quarantineFiles }) => quarantineFiles),
    firstProblems: files.flatMap(({ firstProblems }) => firstProblems).slice(0, FIRST_PROBLEMS),
  };
}

export interface NewLanding {
  readonly dataset: string;
  readonly source: SourceName;
  readonly keyFingerprint: string;
  readonly base: Base;
  /** All files that the table holds from now on; names of the new ones say what made it. */
  readonly files: readonly LandedFile[];
  readonly change: unknown;
  readonly publish?: typeof publishSnapshot;
  readonly signal?: AbortSignal;
}

/** The files' objects under the snapshot's prefix, each under its own name. */
async function ownFiles(lake: Lake, landing: NewLanding, prefix: string): Promise<LandedFile[]> {
  const { dataset, base, files, signal } = landing;
  const before = base.before && landingFacts(base.before);
  const work = { dataset, ingestId: `names-${contentHash([prefix, Date.now()])}` };
  try {
    const request = { files, before, prefix: ingestFolder(work), signal };
    return await adopted(lake, await withOwnNames(lake, request), prefix);
  } finally {
    await removeParts(lake, work);
  }
}

/** Writes and publishes the landing table that holds these files. */
export async function writeLanding(lake: Lake, landing: NewLanding): Promise<SnapshotManifest> {
  const { dataset, source, keyFingerprint, base, signal, publish = publishSnapshot } = landing;
  const change = contentHash(landing.change);
  const { manifest } = await ensureSnapshot(lake, {
    table: landingTable(dataset, source, change),
    inputs: { before: base.before?.snapshotId ?? 'none', change },
    signal,
    write: async (prefix) => {
      const own = await ownFiles(lake, landing, prefix);
      const facts: LandingFacts = { format: 'stedi', keyFingerprint, ownNames: true, files: own };
      return { ...outcomeOf(own), facts: { ...facts } };
    },
  });
  await publish(lake, manifest, base);
  return manifest;
}

async function publishSource(
  lake: Lake,
  plan: StediIngestPlan,
  source: SourceName,
  signal?: AbortSignal,
): Promise<{ manifest: SnapshotManifest; reused: boolean }> {
  const { dataset, keyFingerprint } = plan;
  const base = await findBase(lake, { dataset, table: STEDI_LANDING[source] });
  const { before } = base;
  const present = before === null ? [] : landingFacts(before).files;
  const known = new Map(present.map(({ fingerprint, again = 0 }) => [fingerprint, again]));
  const fresh: LandedFile[] = [];
  for (const [at, file] of plan.files.entries()) {
    const landed = known.get(fingerprintOf(file.member)) ?? -1;
    if (file.source === source && (file.again ?? 0) > landed)
      fresh.push(await readLanded(lake, plan, at));
  }
  // A retry of this step finds its own work done.
  if (before !== null && fresh.length === 0) return { manifest: before, reused: true };
  const names = new Set(fresh.map(({ file }) => file));
  const files = await withoutCopies(lake, source, { present: remaining(present, names), fresh });
  const change = fresh.map(({ fingerprint, withdrawn }) =>
    withdrawn === undefined ? fingerprint : [fingerprint, withdrawn],
  );
  const landing = { dataset, source, keyFingerprint, base, files, change, signal };
  return { manifest: await writeLanding(lake, landing), reused: false };
}

export const summaryOf = (manifest: SnapshotManifest): Omit<LandedTableSummary, 'reused'> => ({
  snapshotId: manifest.snapshotId,
  rows: manifest.rows,
  quarantined: { ...manifest.quarantined },
  dropped: { ...manifest.dropped },
  firstProblems: [...manifest.firstProblems],
});

/** Repeating it changes nothing: files that the published tables name are done. */
export async function publishLanding(
  lake: Lake,
  plan: StediIngestPlan,
  { signal }: { signal?: AbortSignal },
): Promise<PublishedLanding> {
  const tables: Record<string, LandedTableSummary> = {};
  for (const source of SOURCE_NAMES) {
    const { manifest, reused } = await publishSource(lake, plan, source, signal);
    tables[manifest.table] = { ...summaryOf(manifest), reused };
  }
  await removeParts(lake, plan);
  const all = Object.values(tables);
  return {
    table: Object.keys(tables).join(', '),
    snapshotId: contentHash(all.map(({ snapshotId }) => snapshotId)),
    rows: sum(all.map(({ rows }) => rows)),
    members: plan.files.length,
    quarantined: addCounts(all.map(({ quarantined }) => quarantined)),
    tables,
  };
}
