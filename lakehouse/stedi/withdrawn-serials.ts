/** Tells which devices only withdrawn people have: readings name a device, not a person. */
import type { DuckdbSession } from '../engines/duckdb-session';
import { literal, rowsOf } from '../engines/duckdb-session';
import type { Lake } from '../lake';
import { findManifestOrNull } from '../snapshots';
import type { Source } from '../sources/source';
import { remaining } from './copies';
import type { Field } from './fields';
import { SOURCE_FIELDS, normal, normalSql } from './fields';
import { objectsSql, problemSql, valueSql } from './json-lines';
import { landingFacts } from './landing-facts';
import { readSourceFiles } from './layout';
import { localFile } from './local-file';
import { STEDI_LANDING } from './locations';
import type { Withdrawals } from './withdrawn';
import { WITHDRAWN_TABLE, remember } from './withdrawn';

interface Claim {
  readonly email: string;
  readonly serial: string;
}

const claimsIn = async (session: DuckdbSession, sql: string): Promise<Claim[]> =>
  (await rowsOf(session, sql)) as unknown as Claim[];

async function claimsOfSource(session: DuckdbSession, source: Source): Promise<Claim[]> {
  const fields = SOURCE_FIELDS.customer;
  const [email, serial] = ['email', 'serialNumber'].map((name) =>
    valueSql(fields.find((each) => each.name === name) as Field),
  );
  const claims: Claim[] = [];
  for (const file of readSourceFiles(source).filter((each) => each.source === 'customer')) {
    const path = await localFile(session, source, file.member.name);
    const sql = `SELECT DISTINCT ${email} AS email, ${serial} AS serial
      FROM ${objectsSql(path, fields)} j WHERE ${problemSql(fields)} IS NULL`;
    for (const claim of await claimsIn(session, sql)) claims.push(claim);
  }
  return claims;
}

/** Who claims one of the devices in files that have landed; those of the source it tells itself. */
async function landedClaims(
  lake: Lake,
  session: DuckdbSession,
  { dataset, source }: SerialsRequest,
  serials: readonly string[],
): Promise<Claim[]> {
  const manifest = await findManifestOrNull(lake, { dataset, table: STEDI_LANDING.customer });
  if (manifest === null) return [];
  const brought = new Set(source.members.map(({ name }) => name));
  const files = remaining(landingFacts(manifest).files, brought).flatMap((each) => each.files);
  if (files.length === 0) return [];
  const paths = await Promise.all(
    files.map(({ key }) => lake.store.localPath(key, session.scratch)),
  );
  await remember(session, serials);
  const sql = `SELECT DISTINCT r.email, r.serialNumber AS serial
    FROM read_parquet([${paths.map(literal).join(', ')}]) r
    WHERE ${normalSql('r.serialNumber')} IN (SELECT w.identifier FROM ${WITHDRAWN_TABLE} w)`;
  return claimsIn(session, sql);
}

export interface SerialsRequest {
  readonly dataset: string;
  readonly source: Source;
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
  const claims = await claimsOfSource(session, request.source);
  for (const { email, serial } of claims) {
    const [keys, device] = [keysFor('customer', email), normal(serial)];
    if (keys.length > 0) theirs.set(device, [...(theirs.get(device) ?? []), ...keys]);
  }
  if (theirs.size === 0) return theirs;
  const landed = await landedClaims(lake, session, request, [...theirs.keys()]);
  for (const { email, serial } of [...claims, ...landed]) {
    if (keysFor('customer', email).length === 0) theirs.delete(normal(serial));
  }
  return theirs;
}
