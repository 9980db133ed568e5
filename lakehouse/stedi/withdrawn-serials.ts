/** Tells which devices only withdrawn people have: readings name a device, not a person. */
import type { DuckdbSession } from '../engines/duckdb-session';
import { parquetSql } from '../engines/parquet-sink';
import { streamRows } from '../engines/streamed-result';
import type { Lake } from '../lake';
import { findManifestOrNull } from '../snapshots';
import type { Source } from '../sources/source';
import { remaining } from './copies';
import { normal, normalSql } from './fields';
import { landingFacts } from './landing-facts';
import { readSourceFiles } from './layout';
import { STEDI_LANDING } from './locations';
import { readFileLines, unreadable } from './read-file-lines';
import type { Withdrawals } from './withdrawn';
import { WITHDRAWN_TABLE, remember } from './withdrawn';

interface Claim {
  readonly email: string;
  readonly serial: string;
}

/** One after another: there may be millions of customers. */
async function* claimsIn(session: DuckdbSession, sqls: readonly string[]): AsyncGenerator<Claim> {
  for (const sql of sqls)
    for await (const rows of streamRows(session.connection, sql))
      for (const [email, serial] of rows as [string, string][]) yield { email, serial };
}

const claimsOf = (files: readonly { path: string }[]): string =>
  `SELECT DISTINCT r.email, r.serialNumber AS serial FROM ${parquetSql(files)} r`;

/** A SELECT of the claims in each file, of the lines that are rows when they land. */
async function claimsOfSource(
  session: DuckdbSession,
  { source, signal }: SerialsRequest,
): Promise<string[]> {
  const claims: string[] = [];
  for (const file of readSourceFiles(source).filter((each) => each.source === 'customer')) {
    try {
      claims.push(claimsOf((await readFileLines(session, source, file, signal)).good));
    } catch (error) {
      throw unreadable(file.member.name, error);
    }
  }
  return claims;
}

/** The same of files that have landed; those of the source it tells itself. */
async function landedClaims(
  lake: Lake,
  session: DuckdbSession,
  { dataset, source }: SerialsRequest,
): Promise<string[]> {
  const manifest = await findManifestOrNull(lake, { dataset, table: STEDI_LANDING.customer });
  if (manifest === null) return [];
  const brought = new Set(source.members.map(({ name }) => name));
  const files = remaining(landingFacts(manifest).files, brought).flatMap((each) => each.files);
  if (files.length === 0) return [];
  const paths = await Promise.all(
    files.map(({ key }) => lake.store.localPath(key, session.scratch)),
  );
  return [claimsOf(paths.map((path) => ({ path })))];
}

export interface SerialsRequest {
  readonly dataset: string;
  readonly source: Source;
  readonly signal?: AbortSignal;
}

/**
 * Devices that customers of the source claim who withdrew, and nobody else, there or in the lake; with the keys
 * of the list that name those customers.
 */
export async function serialsOfWithdrawn(
  lake: Lake,
  session: DuckdbSession,
  request: SerialsRequest,
  { keysFor }: Withdrawals,
): Promise<Map<string, readonly string[]>> {
  const theirs = new Map<string, readonly string[]>();
  const ofSource = await claimsOfSource(session, request);
  for await (const { email, serial } of claimsIn(session, ofSource)) {
    const [keys, device] = [keysFor('customer', email), normal(serial)];
    if (keys.length > 0) theirs.set(device, [...(theirs.get(device) ?? []), ...keys]);
  }
  if (theirs.size === 0) return theirs;
  await remember(session, [...theirs.keys()]);
  const claims = [...ofSource, ...(await landedClaims(lake, session, request))];
  const ofTheirs = claims.map(
    (sql) => `SELECT * FROM (${sql}) c
      WHERE ${normalSql('c.serial')} IN (SELECT w.identifier FROM ${WITHDRAWN_TABLE} w)`,
  );
  for await (const { email, serial } of claimsIn(session, ofTheirs)) {
    if (keysFor('customer', email).length === 0) theirs.delete(normal(serial));
  }
  return theirs;
}
