/** Publishes the landing tables of the format `stedi` without one person. */
import type { DuckdbSession } from '../engines/duckdb-session';
import { inList, literal, parquetRows, rowsOf, withDuckdb } from '../engines/duckdb-session';
import type { LocalFile } from '../engines/parquet-sink';
import { adoptFiles, copyLanded, parquetSql, rowsIn } from '../engines/parquet-sink';
import type { RewriteRequest } from '../erasure/erasing-format';
import { lineHoldsSql } from '../erasure/hold-sql';
import type { Person } from '../erasure/person';
import { publishWithout } from '../erasure/publish-without';
import { addCounts } from '../counts';
import type { Lake } from '../lake';
import { ERASURE, ingestFolder } from '../landing/ingest-folder';
import type { DataFile } from '../manifest';
import { findBase, publishAgain } from '../published';
import { WITHDRAWN } from '../suppression';
import type { SourceName } from './fields';
import { SOURCE_NAMES, normalSql } from './fields';
import type { LandedFile } from './landing-facts';
import { landingFacts, withdrawnFrom } from './landing-facts';
import { STEDI_LANDING } from './locations';
import { writeLanding } from './publish-landing';

const isTheirs = ({ identifier, devices }: Person): Record<SourceName, string> => ({
  customer: `${normalSql('r.email')} = ${literal(identifier)}`,
  accelerometer: `${normalSql('r."user"')} = ${literal(identifier)}`,
  step_trainer: `${normalSql('r.serialNumber')} IN ${inList(devices)}`,
});

/** A line that is no row is theirs when it names them, or one of their devices. */
const holdsThem = (person: Person): string =>
  lineHoldsSql('r.raw', person, [...person.values, ...person.devices]);

interface Kept {
  readonly files: DataFile[];
  readonly removed: number;
  readonly quarantined: Record<string, number>;
}

/** The same files when nothing in them is theirs. */
async function keepOthers(
  { lake, session, prefix }: { lake: Lake; session: DuckdbSession; prefix: string },
  files: readonly DataFile[],
  theirs: string,
): Promise<Kept> {
  const rows = rowsIn(files);
  if (rows === 0) return { files: [...files], removed: 0, quarantined: {} };
  const paths = await Promise.all(
    files.map(({ key }) => lake.store.localPath(key, session.scratch)),
  );
  const from = `${parquetRows(paths)} r`;
  const folder = prefix.replace(/\W/g, '-');
  const select = `SELECT r.* FROM ${from} WHERE NOT coalesce(${theirs}, false)`;
  const kept = await copyLanded(session, { folder, select });
  const removed = rows - rowsIn(kept);
  if (removed === 0) return { files: [...files], removed, quarantined: {} };
  const quarantined = await reasonsOf(session, kept);
  const left = rowsIn(kept) === 0 ? [] : kept;
  return { files: await adoptFiles(lake.store, left, prefix), removed, quarantined };
}

/** Of lines in quarantine, by reason. */
async function reasonsOf(session: DuckdbSession, files: readonly LocalFile[]) {
  const from = `${parquetSql(files)} r`;
  const columns = await rowsOf(session, `DESCRIBE SELECT r.* FROM ${from}`);
  if (!columns.some(({ column_name: name }) => name === 'reason')) return {};
  const rows = await rowsOf(session, `SELECT r.reason, count(*) AS n FROM ${from} GROUP BY 1`);
  return Object.fromEntries(rows.map(({ reason, n }) => [reason as string, Number(n)]));
}

async function withoutPerson(
  lake: Lake,
  source: SourceName,
  file: LandedFile,
  { dataset, subject, person, signal }: RewriteRequest,
): Promise<LandedFile> {
  const { store, duckdb: options } = lake;
  const prefix = `${ingestFolder({ dataset, ingestId: ERASURE })}${file.fingerprint}/`;
  return withDuckdb({ store, options, signal }, async (session) => {
    const work = { lake, session };
    const data = { ...work, prefix: `${prefix}data/` };
    const rows = await keepOthers(data, file.files, isTheirs(person)[source]);
    const bad = { ...work, prefix: `${prefix}quarantine/` };
    const problems = await keepOthers(bad, file.quarantineFiles, holdsThem(person));
    const removed = rows.removed + problems.removed;
    if (removed === 0) return file;
    return {
      ...file,
      rows: file.rows - rows.removed,
      files: rows.files,
      quarantineFiles: problems.files,
      quarantined: problems.removed === 0 ? file.quarantined : problems.quarantined,
      dropped: addCounts([file.dropped, { [WITHDRAWN]: removed }]),
      ...withdrawnFrom(file, [subject]),
      firstProblems: problems.removed === 0 ? file.firstProblems : [],
    };
  });
}

async function rewriteSource(
  lake: Lake,
  source: SourceName,
  request: RewriteRequest,
): Promise<number> {
  const { dataset, erased, remember, signal } = request;
  const of = { dataset, table: STEDI_LANDING[source] };
  const base = await findBase(lake, of);
  const { before } = base;
  if (before === null) return 0;
  const { files, keyFingerprint } = landingFacts(before);
  const kept: LandedFile[] = [];
  for (const file of files) {
    signal?.throwIfAborted();
    kept.push(await withoutPerson(lake, source, file, request));
  }
  if (kept.every((file, at) => file === files[at])) {
    await publishAgain(lake, of, base);
    return 0;
  }
  const change = ['erased', erased];
  const dropped = (all: readonly LandedFile[]): number =>
    all.reduce((sum, each) => sum + (each.dropped[WITHDRAWN] ?? 0), 0);
  const rows = dropped(kept) - dropped(files);
  await writeLanding(lake, {
    ...{ dataset, source, keyFingerprint, base, files: kept, change, signal },
    publish: (_lake, manifest) => publishWithout(lake, { manifest, base, rows, remember }),
  });
  return rows;
}

/** Rows and quarantined lines that went, by table. */
export async function rewriteLanding(
  lake: Lake,
  request: RewriteRequest,
): Promise<Record<string, number>> {
  const removed: Record<string, number> = {};
  for (const source of SOURCE_NAMES) {
    removed[STEDI_LANDING[source]] = await rewriteSource(lake, source, request);
  }
  return removed;
}
