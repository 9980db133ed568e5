/** How a person is erased from datasets whose archives hold recordings of people. */
import { accentSpellings, composed } from '../../core/letters';
import type { DuckdbSession } from '../engines/duckdb-session';
import {
  createViews,
  inList,
  literal,
  numberOf,
  parquetRows,
  relationSql,
  rowsOf,
  withDuckdb,
} from '../engines/duckdb-session';
import { adoptFiles, copyToParquet } from '../engines/parquet-sink';
import type {
  ErasingFormat,
  FindRequest,
  FoundPerson,
  RewriteRequest,
} from '../erasure/erasing-format';
import type { Person } from '../erasure/person';
import { needlesOf, stranger } from '../erasure/person';
import { publishWithout } from '../erasure/publish-without';
import type { Lake } from '../lake';
import type { DataFile, SnapshotManifest } from '../manifest';
import { QUARANTINE_COLUMNS } from '../quarantine';
import { findBase, publishAgain } from '../published';
import { ensureSnapshot, findManifestOrNull } from '../snapshots';
import type { LandingFacts } from './descriptor';
import { landingFacts } from './descriptor';
import { copyFiles } from './copy-files';
import { ERASURE, ingestFolder } from './ingest-folder';
import type { LandingKind } from './landing-kind';
import { outcomeOf } from './publish-landing';

const NAMING = ['recording', 'device', 'subject', 'subject_key'] as const;

async function textsOf(
  session: DuckdbSession,
  { table, names, where }: { table: string; names: readonly string[]; where: string },
) {
  const rows = await rowsOf(
    session,
    `SELECT DISTINCT ${names.join(', ')} FROM ${table} WHERE ${where}`,
  );
  return rows
    .flatMap((row) => names.map((name) => row[name]))
    .filter((each): each is string => typeof each === 'string');
}

/** The person's files with rejected lines, which tell of nobody but by their name. */
async function rejectedFilesOf(
  lake: Lake,
  session: DuckdbSession,
  { subjectOf }: LandingKind,
  { identifier, manifest }: { identifier: string; manifest: SnapshotManifest },
): Promise<string[]> {
  const { quarantineFiles } = manifest;
  if (subjectOf === undefined || quarantineFiles.length === 0) return [];
  const quarantine = { columns: QUARANTINE_COLUMNS, files: quarantineFiles };
  const table = await relationSql(session, lake.store, quarantine);
  const files = await textsOf(session, { table, names: ['source_file'], where: 'true' });
  return files.filter((file) => subjectOf(file) === identifier);
}

async function findPerson(
  kind: LandingKind,
  lake: Lake,
  request: FindRequest,
): Promise<FoundPerson> {
  const { dataset, identifier, subjectKey, signal } = request;
  const { table, describing } = kind;
  const manifest = await findManifestOrNull(lake, { dataset, table });
  if (manifest === null) return { person: stranger(request), rows: {} };
  const options = { store: lake.store, options: lake.duckdb, signal };
  return withDuckdb(options, async (session) => {
    await createViews(session, lake.store, { [table]: manifest });
    const isTheirs = `subject_key = ${literal(subjectKey)}`;
    const texts = (where: string, names: readonly string[]) =>
      textsOf(session, { table, names, where });
    const others = await texts(`NOT (${isTheirs})`, [...NAMING, ...describing]);
    const named = await texts(isTheirs, [...NAMING, 'source_file']);
    const devices = await texts(isTheirs, ['device']);
    const shared = new Set(others);
    const rejected = await rejectedFilesOf(lake, session, kind, { identifier, manifest });
    const own = [...accentSpellings(identifier), subjectKey, ...named, ...rejected];
    const count = `SELECT count(*) FROM ${table} WHERE ${isTheirs}`;
    return {
      person: {
        ...{ identifier, subjectKey },
        devices: devices.filter((device) => !shared.has(device)),
        ...needlesOf({ own, others }),
      },
      rows: { [table]: await numberOf(session, count) },
    };
  });
}

/** The file with the rows of everybody else, beside what ingests have not published yet. */
async function keepOthers(
  lake: Lake,
  file: DataFile,
  others: string,
  { dataset, signal }: RewriteRequest,
): Promise<DataFile[]> {
  const options = { store: lake.store, options: lake.duckdb, signal };
  return withDuckdb(options, async (session) => {
    const path = await lake.store.localPath(file.key, session.scratch);
    const from = `${parquetRows([path])} r`;
    const kept = await numberOf(session, `SELECT count(*) FROM ${from} WHERE ${others}`);
    if (kept === file.rows) return [file];
    if (kept === 0) return [];
    const select = `SELECT r.* FROM ${from} WHERE ${others}`;
    const files = await copyToParquet(session, { folder: 'kept', select });
    return adoptFiles(lake.store, files, ingestFolder({ dataset, ingestId: ERASURE }));
  });
}

async function rewritten(
  lake: Lake,
  files: readonly DataFile[],
  others: string,
  request: RewriteRequest,
): Promise<DataFile[]> {
  const kept: DataFile[] = [];
  for (const file of files) {
    request.signal?.throwIfAborted();
    kept.push(...(await keepOthers(lake, file, others, request)));
  }
  return kept;
}

/** Files in which lines of the person lie: all that rejected lines tell of them. */
async function sourceFilesOf(
  lake: Lake,
  kind: LandingKind,
  { person, signal }: RewriteRequest,
  manifest: SnapshotManifest,
): Promise<string[]> {
  if (manifest.quarantineFiles.length === 0) return [];
  const options = { store: lake.store, options: lake.duckdb, signal };
  return withDuckdb(options, async (session) => {
    const { table } = kind;
    await createViews(session, lake.store, { [table]: manifest });
    const where = `subject_key = ${literal(person.subjectKey)}`;
    const { identifier } = person;
    return [
      ...(await textsOf(session, { table, names: ['source_file'], where })),
      ...(await rejectedFilesOf(lake, session, kind, { identifier, manifest })),
    ];
  });
}

function factsWithout(facts: LandingFacts, { subjectKey }: Person): LandingFacts {
  const recordings = facts.recordings.filter((each) => each.subjectKey !== subjectKey);
  // The descriptor stays: what is derived from it, such as the features, must not change for others.
  return { ...facts, recordings };
}

async function rewriteLanding(
  kind: LandingKind,
  lake: Lake,
  request: RewriteRequest,
): Promise<Record<string, number>> {
  const { dataset, erased, person, remember, signal } = request;
  const { table } = kind;
  const base = await findBase(lake, { dataset, table });
  const { before } = base;
  if (before === null) return {};
  const facts = landingFacts(before);
  const kept = factsWithout(facts, person);
  const theirs = await sourceFilesOf(lake, kind, request, before);
  if (kept.recordings.length === facts.recordings.length && theirs.length === 0) {
    await publishAgain(lake, { dataset, table }, base);
    return { [table]: 0 };
  }
  const { manifest } = await ensureSnapshot(lake, {
    table: kind.declare({
      dataset,
      channels: facts.descriptor.channels,
      fingerprints: kept.recordings.map(({ fingerprint }) => fingerprint),
    }),
    inputs: { before: before.snapshotId, erased },
    signal,
    write: async (prefix) => {
      const isOthers = `r.subject_key <> ${literal(person.subjectKey)}`;
      const rows = await rewritten(lake, before.files, isOthers, request);
      const areOthers = `NOT coalesce(r.source_file IN ${inList(theirs)}, false)`;
      const problems = await rewritten(lake, before.quarantineFiles, areOthers, request);
      const landed = {
        files: await copyFiles(lake, rows, `${prefix}data/`),
        quarantineFiles: await copyFiles(lake, problems, `${prefix}quarantine/`),
        firstProblems: [],
      };
      return { ...outcomeOf(landed, kept), facts: { ...kept } };
    },
  });
  const rows = before.rows - manifest.rows;
  await publishWithout(lake, { manifest, base, rows, remember });
  return { [table]: rows };
}

export const recordingsErasing = (
  kind: LandingKind,
  presentRefresh: ErasingFormat['presentRefresh'],
): ErasingFormat => ({
  identifierOf: (given) => composed(given.trim()),
  findPerson: (lake, request) => findPerson(kind, lake, request),
  rewriteLanding: (lake, request) => rewriteLanding(kind, lake, request),
  presentRefresh,
});
