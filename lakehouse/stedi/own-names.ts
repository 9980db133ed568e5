/** Rows and quarantined lines bear the name of their file, also when it has inherited them from one that it repeated. */
import type { DuckdbSession } from '../engines/duckdb-session';
import { literal, rowsOf, withDuckdb } from '../engines/duckdb-session';
import type { LocalFile } from '../engines/parquet-sink';
import { adoptFiles, copyLanded, parquetSql } from '../engines/parquet-sink';
import type { Lake } from '../lake';
import type { DataFile } from '../manifest';
import { problemsIn } from './land-file';
import type { LandedFile, LandingFacts } from './landing-facts';

/** Which files may bear another's name. */
function suspects(files: readonly LandedFile[], before: LandingFacts | null): LandedFile[] {
  if (before === null) return [];
  const holding = files.filter(
    ({ copyOf, content }) => copyOf === undefined && content !== undefined,
  );
  if (before.ownNames !== true) return holding;
  const copies = before.files.filter(({ copyOf }) => copyOf !== undefined);
  const wereCopies = new Set(copies.map(({ fingerprint }) => fingerprint));
  return holding.filter(({ fingerprint }) => wereCopies.has(fingerprint));
}

const localFiles = ({ store }: Lake, { scratch }: DuckdbSession, files: readonly DataFile[]) =>
  Promise.all(files.map(async ({ key }) => ({ path: await store.localPath(key, scratch) })));

async function bearsOwnName(
  lake: Lake,
  session: DuckdbSession,
  { file, files, quarantineFiles }: LandedFile,
): Promise<boolean> {
  // All of a file's rows bear the same name: one of the objects tells it.
  const some = [...quarantineFiles, ...files].find(({ rows }) => rows > 0);
  if (some === undefined) return true;
  const from = parquetSql(await localFiles(lake, session, [some]));
  const [row] = await rowsOf(session, `SELECT r.source_file AS name FROM ${from} r LIMIT 1`);
  return row?.name === file;
}

interface Renaming {
  readonly lake: Lake;
  readonly session: DuckdbSession;
  readonly file: LandedFile;
}

async function rewritten(
  { lake, session, file }: Renaming,
  files: readonly DataFile[],
  folder: string,
): Promise<LocalFile[]> {
  if (files.length === 0) return [];
  const from = parquetSql(await localFiles(lake, session, files));
  return copyLanded(session, {
    folder,
    select: `SELECT r.* REPLACE (${literal(file.file)} AS source_file) FROM ${from} r`,
  });
}

async function renamed(renaming: Renaming, prefix: string): Promise<LandedFile> {
  const { lake, session, file } = renaming;
  const rows = await rewritten(renaming, file.files, 'rows');
  const problems = await rewritten(renaming, file.quarantineFiles, 'problems');
  const { firstProblems } = await problemsIn(session, problems);
  return {
    ...file,
    firstProblems,
    files: await adoptFiles(lake.store, rows, `${prefix}data/`),
    quarantineFiles: await adoptFiles(lake.store, problems, `${prefix}quarantine/`),
  };
}

interface NamesRequest {
  readonly files: readonly LandedFile[];
  /** What the table held before. */
  readonly before: LandingFacts | null;
  /** Key prefix under which what is written anew comes to lie. */
  readonly prefix: string;
  readonly signal?: AbortSignal;
}

/** The same files, without rows that bear another's name: two rows of one name and line could not be told apart. */
export async function withOwnNames(
  lake: Lake,
  { files, before, prefix, signal }: NamesRequest,
): Promise<LandedFile[]> {
  const doubtful = new Set(suspects(files, before));
  const named: LandedFile[] = [];
  for (const file of files) {
    const options = { store: lake.store, options: lake.duckdb, signal };
    const own = doubtful.has(file)
      ? await withDuckdb(options, async (session) =>
          (await bearsOwnName(lake, session, file))
            ? file
            : renamed({ lake, session, file }, `${prefix}${file.fingerprint}/`),
        )
      : file;
    named.push(own);
  }
  return named;
}
