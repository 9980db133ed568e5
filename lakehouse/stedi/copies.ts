/** A file that was sent again under another name: its lines are counted, and land once. */
import { contentHash } from '../../core/hash';
import type { DuckdbSession } from '../engines/duckdb-session';
import { numberOf, parquetRows, quoted, withDuckdb } from '../engines/duckdb-session';
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
  return `SELECT ${columns} FROM ${parquetRows(paths)}`;
}

/** How many rows only the first has. */
async function rowsWithout(lake: Lake, source: SourceName, a: LandedFile, b: LandedFile) {
  if (a.rows === 0 || b.rows === 0) return a.rows;
  return withDuckdb({ store: lake.store, options: lake.duckdb }, async (session) => {
    const [one, other] = [
      await rowsOfFile(lake, session, source, a),
      await rowsOfFile(lake, session, source, b),
    ];
    return numberOf(session, `SELECT count(*) FROM ((${one}) EXCEPT ALL (${other}))`);
  });
}

/** Lines that are no rows: quarantined, or dropped. */
const leftOut = ({ lines, rows }: LandedFile): number => lines - rows;

/**
 * Whether files of equal length and checksum are one. Only their rows are proof, in whatever order: one that
 * only the first has must be one that the second has left out, as a person's who withdrew, and the reverse.
 */
async function isSame(lake: Lake, source: SourceName, a: LandedFile, b: LandedFile) {
  if (a.lines !== b.lines) return false;
  const onlyInA = await rowsWithout(lake, source, a, b);
  return onlyInA <= leftOut(b) && onlyInA + b.rows - a.rows <= leftOut(a);
}

/** Whether of the same lines the same ones are rows. */
const isEqual = (a: LandedFile, b: LandedFile): boolean =>
  contentHash(whatCame(a)) === contentHash(whatCame(b));

const whatCame = ({ rows, quarantined, dropped, withdrawn }: LandedFile) => [
  ...[rows, quarantined, dropped, withdrawn ?? 'nobody'],
];

/** A newer file in the place of the same one: what repeated that repeats this one. */
const inPlaceOf = (all: readonly LandedFile[], old: LandedFile, file: LandedFile): LandedFile[] => [
  ...all.map((each) => {
    if (each === old) return asCopy(old, file.file);
    return each.copyOf === old.file ? { ...each, copyOf: file.file } : each;
  }),
  file,
];

/**
 * The new files with the present ones, each that repeats another as a copy of it. When another has left out what
 * the new one has, as before a person may land again or a rule was mended, the new one is the original.
 */
export async function withoutCopies(
  lake: Lake,
  source: SourceName,
  { present, fresh }: { present: readonly LandedFile[]; fresh: readonly LandedFile[] },
): Promise<LandedFile[]> {
  let all = [...present];
  for (const file of fresh) {
    let same: LandedFile | undefined;
    for (const other of all) {
      const isLike = other.copyOf === undefined && other.content === file.content;
      if (!isLike || file.content === undefined) continue;
      if (await isSame(lake, source, other, file)) same = other;
      if (same !== undefined) break;
    }
    if (same === undefined) all.push(file);
    else if (isEqual(same, file)) all.push(asCopy(file, same.file));
    else all = inPlaceOf(all, same, file);
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
    const { copyOf, file, fingerprint, again } = each;
    if (copyOf === undefined || !replaced.has(copyOf)) return each;
    const heir = heirs.get(copyOf);
    if (heir !== undefined) return { ...each, copyOf: heir };
    heirs.set(copyOf, file);
    const original = present.find((other) => other.file === copyOf);
    return original === undefined ? each : { ...original, file, fingerprint, again };
  });
}
