/** Finds what the landing tables of the format `stedi` hold of one person. */
import type { DuckdbSession } from '../engines/duckdb-session';
import { createOverlap } from '../../core/needles';
import {
  createViews,
  inList,
  literal,
  numberOf,
  rowsOf,
  withDuckdb,
} from '../engines/duckdb-session';
import { streamRows } from '../engines/streamed-result';
import type { FindRequest, FoundPerson } from '../erasure/erasing-format';
import { needlesOf } from '../erasure/person';
import type { Lake } from '../lake';
import type { Relation } from '../ports';
import { findManifestOrNull } from '../snapshots';
import { DEVICE_OWNERS, DEVICE_OWNERS_SQL } from './device-owners';
import { SOURCE_NAMES, normalSql } from './fields';
import { landingColumns } from './landing-tables';
import { STEDI_LANDING } from './locations';

const { customer, accelerometer, step_trainer: stepTrainer } = STEDI_LANDING;

/** A first ingest that was ended may have left some of the tables alone: the others are empty. */
async function relationsOf(lake: Lake, dataset: string): Promise<Record<string, Relation>> {
  const found: Record<string, Relation> = {};
  for (const source of SOURCE_NAMES) {
    const table = STEDI_LANDING[source];
    const nothing = { columns: landingColumns(source), files: [] };
    found[table] = (await findManifestOrNull(lake, { dataset, table })) ?? nothing;
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

/** Of what everybody else is called, what is or holds a name of the person: there may be millions. */
async function overlapOf(session: DuckdbSession, own: readonly string[], sql: string) {
  const overlap = createOverlap(own);
  for await (const rows of streamRows(session.connection, sql))
    for (const text of rows.flat()) if (typeof text === 'string') overlap.add(text);
  return overlap.found;
}

async function needles(session: DuckdbSession, { identifier, subjectKey }: FindRequest) {
  const fields = 'c.customerName, c.email, c.phone, c.serialNumber';
  const areTheirs = normalSql('c.email') + ` = ${literal(identifier)}`;
  const named = `SELECT DISTINCT ${fields} FROM ${customer} c`;
  const own = [identifier, subjectKey, ...(await texts(session, `${named} WHERE ${areTheirs}`))];
  const users = `SELECT DISTINCT a."user" FROM ${accelerometer} a
    WHERE ${normalSql('a."user"')} <> ${literal(identifier)}`;
  const others = [
    ...(await overlapOf(session, own, `${named} WHERE NOT (${areTheirs})`)),
    ...(await overlapOf(session, own, users)),
  ];
  return needlesOf({ own, others });
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
  const relations = await relationsOf(lake, dataset);
  const options = { store: lake.store, options: lake.duckdb, signal };
  return withDuckdb(options, async (session) => {
    await createViews(session, lake.store, relations);
    const devices = await devicesOf(session, request);
    return {
      person: { identifier, subjectKey, devices, ...(await needles(session, request)) },
      rows: await rowsByTable(session, identifier, devices),
    };
  });
}
