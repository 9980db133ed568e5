/** Finds what the landing tables of the format `stedi` hold of one person. */
import type { DuckdbSession } from '../engines/duckdb-session';
import {
  createViews,
  inList,
  literal,
  numberOf,
  rowsOf,
  withDuckdb,
} from '../engines/duckdb-session';
import type { FindRequest, FoundPerson } from '../erasure/erasing-format';
import { needlesOf } from '../erasure/person';
import type { Lake } from '../lake';
import type { SnapshotManifest } from '../manifest';
import { findManifestOrNull } from '../snapshots';
import { DEVICE_OWNERS, DEVICE_OWNERS_SQL } from './device-owners';
import { normalSql } from './fields';
import { STEDI_LANDING } from './locations';

const { customer, accelerometer, step_trainer: stepTrainer } = STEDI_LANDING;

async function manifestsOf(lake: Lake, dataset: string): Promise<Record<string, SnapshotManifest>> {
  const found: Record<string, SnapshotManifest> = {};
  for (const table of Object.values(STEDI_LANDING)) {
    const manifest = await findManifestOrNull(lake, { dataset, table });
    if (manifest !== null) found[table] = manifest;
  }
  return found;
}

const texts = async (session: DuckdbSession, sql: string): Promise<string[]> =>
  (await rowsOf(session, sql)).flatMap((row) =>
    Object.values(row).filter((value): value is string => typeof value === 'string'),
  );

/** Serial numbers whose readings go with the person: not of devices that are somebody else's. */
const devicesOf = (session: DuckdbSession, { subjectKey }: FindRequest): Promise<string[]> =>
  texts(
    session,
    `WITH ${DEVICE_OWNERS_SQL} SELECT o.serialNumber FROM ${DEVICE_OWNERS} o
      WHERE o.subject_key = ${literal(subjectKey)}`,
  );

async function needles(session: DuckdbSession, { identifier, subjectKey }: FindRequest) {
  const fields = 'c.customerName, c.email, c.phone, c.serialNumber';
  const own = normalSql('c.email') + ` = ${literal(identifier)}`;
  const others = [
    ...(await texts(session, `SELECT DISTINCT ${fields} FROM ${customer} c WHERE NOT (${own})`)),
    ...(await texts(
      session,
      `SELECT DISTINCT a."user" FROM ${accelerometer} a
      WHERE ${normalSql('a."user"')} <> ${literal(identifier)}`,
    )),
  ];
  const theirs = await texts(session, `SELECT DISTINCT ${fields} FROM ${customer} c WHERE ${own}`);
  return needlesOf({ own: [identifier, subjectKey, ...theirs], others });
}

async function rowsByTable(session: DuckdbSession, identifier: string, devices: string[]) {
  const [id, serials] = [literal(identifier), inList(devices)];
  const count = (table: string, where: string) =>
    numberOf(session, `SELECT count(*) FROM ${table} t WHERE ${where}`);
  return {
    [customer]: await count(customer, `${normalSql('t.email')} = ${id}`),
    [accelerometer]: await count(accelerometer, `${normalSql('t."user"')} = ${id}`),
    [stepTrainer]: await count(stepTrainer, `${normalSql('t.serialNumber')} IN ${serials}`),
  };
}

export async function findPerson(lake: Lake, request: FindRequest): Promise<FoundPerson> {
  const { dataset, identifier, subjectKey, signal } = request;
  const manifests = await manifestsOf(lake, dataset);
  if (Object.values(STEDI_LANDING).some((table) => manifests[table] === undefined)) {
    const found = needlesOf({ own: [identifier, subjectKey], others: [] });
    return { person: { identifier, subjectKey, devices: [], ...found }, rows: {} };
  }
  const options = { store: lake.store, options: lake.duckdb, signal };
  return withDuckdb(options, async (session) => {
    await createViews(session, lake.store, manifests);
    const devices = await devicesOf(session, request);
    return {
      person: { identifier, subjectKey, devices, ...(await needles(session, request)) },
      rows: await rowsByTable(session, identifier, devices),
    };
  });
}
