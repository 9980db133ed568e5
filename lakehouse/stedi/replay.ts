/** Runs quarantined lines through the landing rules again, once those were mended. */
import { contentHash } from '../../core/hash';
import type { LandedTableSummary, ReplayRequest } from '../dataset-format';
import { parquetRows, withDuckdb } from '../engines/duckdb-session';
import { addCounts } from '../counts';
import type { Lake } from '../lake';
import { ingestFolder, removeParts } from '../landing/ingest-folder';
import type { SnapshotManifest } from '../manifest';
import type { Base } from '../published';
import { findBase } from '../published';
import type { SourceName } from './fields';
import { SOURCE_FIELDS, SOURCE_NAMES } from './fields';
import type { LandingContext } from './land-file';
import type { Landed } from './landing-facts';
import { settle } from './land-file';
import type { LandedFile } from './landing-facts';
import { landingFacts, withdrawnFrom } from './landing-facts';
import { STEDI_LANDING } from './locations';
import { summaryOf, writeLanding } from './publish-landing';
import { judgeLines } from './read-lines';
import { subjectKey } from './subject-keys';
import { withdrawalsOf } from './withdrawn';

async function judgeAgain(
  lake: Lake,
  source: SourceName,
  { quarantineFiles }: LandedFile,
  context: LandingContext,
): Promise<Landed> {
  const { store, duckdb: options } = lake;
  const paths = await Promise.all(quarantineFiles.map(({ key }) => store.localPath(key)));
  return withDuckdb({ store, options, signal: context.signal }, async (session) => {
    const numbered = `SELECT q.source_file, q.source_line, q.raw AS line
      FROM ${parquetRows(paths)} q`;
    const judged = await judgeLines(session, numbered, SOURCE_FIELDS[source]);
    return settle(lake, session, source, { ...judged, lines: 0 }, context);
  });
}

/** The file with the lines that pass now; as it was when none does. */
const merged = (file: LandedFile, again: Landed): LandedFile => ({
  ...file,
  rows: file.rows + again.rows,
  files: [...file.files, ...again.files],
  quarantined: again.quarantined,
  quarantineFiles: again.quarantineFiles,
  firstProblems: again.firstProblems,
  dropped: addCounts([file.dropped, again.dropped]),
  ...withdrawnFrom(file, again.withdrawn),
});

const isChanged = ({ rows, dropped }: Landed): boolean =>
  rows > 0 || Object.keys(dropped).length > 0;

async function replaySource(
  lake: Lake,
  source: SourceName,
  base: Base & { readonly before: SnapshotManifest },
  { dataset, ...request }: ReplayRequest,
  context: LandingContext,
): Promise<SnapshotManifest> {
  const { before } = base;
  const { keyFingerprint, files } = landingFacts(before);
  const all: LandedFile[] = [];
  let changed = false;
  const withdrawn: string[] = [];
  for (const file of files) {
    if (file.quarantineFiles.length === 0) {
      all.push(file);
      continue;
    }
    const again = await judgeAgain(lake, source, file, context);
    changed ||= isChanged(again);
    withdrawn.push(...(again.withdrawn ?? []));
    all.push(isChanged(again) ? merged(file, again) : file);
  }
  if (!changed) return before;
  const change = ['replayed', before.snapshotId, ...withdrawn];
  const { signal } = request;
  return writeLanding(lake, {
    ...{ dataset, source, keyFingerprint, base },
    ...{ files: all, change, signal },
  });
}

/** Repeating it changes nothing: what passes is a row from then on, the rest stays where it is. */
export async function replayQuarantine(
  lake: Lake,
  request: ReplayRequest,
): Promise<Record<string, LandedTableSummary>> {
  const { dataset, secret, suppression, signal } = request;
  const work = { dataset, ingestId: `replay-${contentHash(Date.now())}` };
  const context: LandingContext = {
    withdrawals: await withdrawalsOf(suppression, dataset),
    keyOf: (email) => subjectKey(secret, dataset, email),
    prefix: ingestFolder(work),
    signal,
  };
  const tables: Record<string, LandedTableSummary> = {};
  try {
    for (const source of SOURCE_NAMES) {
      const base = await findBase(lake, { dataset, table: STEDI_LANDING[source] });
      const { before } = base;
      if (before === null) continue;
      const after = await replaySource(lake, source, { ...base, before }, request, context);
      tables[after.table] = { ...summaryOf(after), reused: after === before };
    }
  } finally {
    await removeParts(lake, work);
  }
  return tables;
}
