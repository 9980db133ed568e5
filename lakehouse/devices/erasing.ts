/** How a person is erased from the landed events of devices: whose a device is, the profiles tell. */
import { boundPattern, isNumeral } from '../../core/numerals';
import type { DuckdbSession } from '../engines/duckdb-session';
import { createViews, literal, numberOf, rowsOf, withDuckdb } from '../engines/duckdb-session';
import type { ErasingFormat, FindRequest, FoundPerson } from '../erasure/erasing-format';
import { needlesOf } from '../erasure/person';
import type { Lake } from '../lake';
import { findManifestOrNull } from '../snapshots';
import { EVENTS_TABLE } from './names';
import { isOfDevices, rewriteEvents } from './rewrite-events';

/** What is known of a person outside of the lake. */
export interface DeviceOwners {
  ownerOf(
    userId: string,
    alsoCalled: readonly string[],
  ): Promise<{
    readonly devices: readonly string[];
    /** What names the person; of what names everybody else, what is or holds one of these. */
    readonly names: readonly string[];
    readonly others: readonly string[];
    readonly rows: Readonly<Record<string, number>>;
  }>;
}

/** For each name a device that is called the same, and one that holds it. */
const overlapSql = (own: readonly string[]): string => {
  const name = 'lower(trim(device_id))';
  const wanted = [...new Set(own.map((each) => each.trim().toLowerCase()))];
  const holds = (each: string) =>
    isNumeral(each)
      ? `regexp_matches(${name}, ${literal(boundPattern(each))})`
      : `contains(${name}, ${literal(each)})`;
  const found = wanted.flatMap((each, at) => [
    `any_value(device_id) FILTER (${name} = ${literal(each)}) AS same_${at}`,
    `any_value(device_id) FILTER (${name} <> ${literal(each)} AND ${holds(each)}) AS within_${at}`,
  ]);
  return found.join(', ');
};

/** Events of the devices, and what other devices that have landed have of the names. */
async function landedOf(
  session: DuckdbSession,
  devices: readonly string[],
  own: readonly string[],
): Promise<{ events: number; others: string[] }> {
  const theirs = isOfDevices(devices);
  const [others = {}] = await rowsOf(
    session,
    `SELECT ${overlapSql(own)} FROM (SELECT DISTINCT device_id FROM ${EVENTS_TABLE} WHERE NOT ${theirs})`,
  );
  return {
    events: await numberOf(session, `SELECT count(*) FROM ${EVENTS_TABLE} WHERE ${theirs}`),
    others: Object.values(others).filter((each) => typeof each === 'string'),
  };
}

async function findPerson(
  owners: DeviceOwners,
  lake: Lake,
  { dataset, identifier, subjectKey, signal }: FindRequest,
): Promise<FoundPerson> {
  const { devices, names, others, rows } = await owners.ownerOf(identifier, [subjectKey]);
  const own = [identifier, subjectKey, ...names];
  const manifest = await findManifestOrNull(lake, { dataset, table: EVENTS_TABLE });
  const landed =
    manifest === null
      ? { events: 0, others: [] }
      : await withDuckdb({ store: lake.store, options: lake.duckdb, signal }, async (session) => {
          await createViews(session, lake.store, { [EVENTS_TABLE]: manifest });
          return landedOf(session, devices, own);
        });
  return {
    person: {
      ...{ identifier, subjectKey, devices },
      ...needlesOf({ own, others: [...others, ...landed.others] }),
    },
    rows: { [EVENTS_TABLE]: landed.events, ...rows },
  };
}

export const devicesErasing = (owners: DeviceOwners): ErasingFormat => ({
  identifierOf: (given) => given.trim(),
  findPerson: (lake, request) => findPerson(owners, lake, request),
  rewriteLanding: rewriteEvents,
  // Nothing is built from the events but aggregates, which the next aggregation brings up to date.
  presentRefresh: async () => null,
});
