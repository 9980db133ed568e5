/** A file that was sent again under another name: its lines are counted, and land once. */
import type { DuckdbSession } from '../engines/duckdb-session';
import { literal, quoted, rowsOf, withDuckdb } from '../engines/duckdb-session';
import type { Lake } from '../lake';
import type { SourceName } from './fields';
import { SOURCE_FIELDS } from './fields';
import type { LandedFile } from './landing-facts';

export const SENT_AGAIN = 'file-sent-again';

const asCopy = (file: LandedFile, copyOf: string): LandedFile => ({
  ...file,
  ...{ copyOf, rows: 0, files: [], quarantined: {}, quarantineFiles: [], firstProblems: [] },
  dropped: { [SENT_AGAIN]: file.lines },
});

async function rowsOfFile(
  lake: Lake,
  session: DuckdbSession,
  source: SourceName,
  { files }: LandedFile,
): Promise<string> {
  const paths = await Promise.all(
    files.map(({ key }) => lake.store.localPath(key, session.scratch)),
  );
  const columns = SOURCE_FIELDS[source].map(({ name }) => quoted(name)).join(', ');
  return `SELECT ${columns} FROM read_parquet([${paths.map(literal).join(', ')}])`;
}

/** Length and checksum are equal; only equal rows are proof, in whatever order. */
async function hasSameRows(lake: Lake, source: SourceName, a: LandedFile, b: LandedFile) {
  if (a.rows !== b.rows) return false;
  if (a.rows === 0) return true;
  return withDuckdb({ store: lake.store, options: lake.duckdb }, async (session) => {
    const [one, other] = [
      await rowsOfFile(lake, session, source, a),
      await rowsOfFile(lake, session, source, b),
    ];
    return (await rowsOf(session, `(${one}) EXCEPT ALL (${other}) LIMIT 1`)).length === 0;
  });
}

/** The new files, each that repeats one of the others or of the present ones as a copy of it. */
export async function withoutCopies(
  lake: Lake,
  source: SourceName,
  { present, fresh }: { present: readonly LandedFile[]; fresh: readonly LandedFile[] },
): Promise<LandedFile[]> {
  const all = [...present];
  for (const file of fresh) {
    let copyOf: string | undefined;
    for (const other of all) {
      const isLike = other.copyOf === undefined && other.content === file.content;
      if (!isLike || file.content === undefined) continue;
      if (await hasSameRows(lake, source, other, file)) copyOf = other.file;
      if (copyOf !== undefined) break;
    }
    all.push(copyOf === undefined ? file : asCopy(file, copyOf));
  }
  return all;
}

/** The files that stay when others are replaced: what a replaced one held passes to its copy. */
export function remaining(
  present: readonly LandedFile[],
  replaced: ReadonlySet<string>,
): LandedFile[] {
  const stays = present.filter(({ file }) => !replaced.has(file));
  const heirs = new Map<string, string>();
  return stays.map((each) => {
    const { copyOf, file, fingerprint } = each;
    if (copyOf === undefined || !replaced.has(copyOf)) return each;
    const heir = heirs.get(copyOf);
    if (heir !== undefined) return { ...each, copyOf: heir };
    heirs.set(copyOf, file);
    const original = present.find((other) => other.file === copyOf);
    return original === undefined ? each : { ...original, file, fingerprint };
  });
}
