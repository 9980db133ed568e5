/** Publishes the landed events without those of one person's devices: only the dates that have some are written anew. */
import { randomBytes } from 'node:crypto';
import type { DuckdbSession } from '../engines/duckdb-session';
import {
  inList,
  numberOf,
  quoted,
  relationSql,
  rowsOf,
  withDuckdb,
} from '../engines/duckdb-session';
import { adoptFiles, copyToParquet, rowsIn } from '../engines/parquet-sink';
import { addCounts } from '../counts';
import type { RewriteRequest } from '../erasure/erasing-format';
import { lineHoldsSql, textHoldsSql } from '../erasure/hold-sql';
import type { Person } from '../erasure/person';
import { publishWithout } from '../erasure/publish-without';
import type { Lake } from '../lake';
import type { DataFile, SnapshotManifest } from '../manifest';
import { findBase, publishAgain } from '../published';
import { QUARANTINE_COLUMNS } from '../quarantine';
import type { WrittenSnapshot } from '../snapshots';
import { ensureSnapshot } from '../snapshots';
import { WITHDRAWN } from '../suppression';
import { dateOf, takeOver } from './date-files';
import { EVENT_COLUMNS, deviceEventsTable } from './device-events';
import type { DeviceFacts } from './landing-facts';
import { deviceFacts } from './landing-facts';
import { deadLettersMark, landedDates } from './land-events';
import { EVENTS_TABLE } from './names';
import { writeDate } from './write-dates';

const HELD = 'held';
const OTHERS = 'others';
/** What devices write as they like: others' events may name the person there. */
const FREE_TEXT = ['extra', 'state'];

export const isOfDevices = (devices: readonly string[]): string =>
  `coalesce(device_id IN ${inList(devices)}, false)`;

const namesThem = (person: Person): string =>
  FREE_TEXT.map((name) => `coalesce(${textHoldsSql(name, person)}, false)`).join(' OR ');

/** A message that is no event is theirs when it names them, or one of their devices. */
const isTheirMessage = (person: Person): string =>
  // The value is a text within JSON: its own quotes are escaped.
  `coalesce(${lineHoldsSql(`replace(raw, '\\"', '"')`, person, [...person.values, ...person.devices])}, false)`;

/** Views of the events that are there, and of those that stay. */
async function openEvents(
  session: DuckdbSession,
  lake: Lake,
  before: SnapshotManifest,
  person: Person,
) {
  const { connection } = session;
  const held = { columns: EVENT_COLUMNS, files: before.files };
  const from = await relationSql(session, lake.store, held);
  await connection.run(`CREATE VIEW ${HELD} AS SELECT * FROM ${from}`);
  const columns = EVENT_COLUMNS.map(({ name }) => {
    if (!FREE_TEXT.includes(name)) return quoted(name);
    return `CASE WHEN NOT coalesce(${textHoldsSql(name, person)}, false) THEN ${name} END AS ${name}`;
  });
  await connection.run(`CREATE VIEW ${OTHERS} AS SELECT ${columns.join(', ')} FROM ${HELD}
    WHERE NOT ${isOfDevices(person.devices)}`);
}

interface Found {
  /** By date, the rows that stay; of dates in which something is theirs or names them. */
  readonly left: ReadonlyMap<string, number>;
  readonly removed: number;
}

async function find(session: DuckdbSession, person: Person): Promise<Found> {
  const theirs = isOfDevices(person.devices);
  const rows = await rowsOf(
    session,
    `SELECT event_date AS date, count(*) FILTER (${theirs}) AS removed, count(*) AS n FROM ${HELD}
      GROUP BY 1 HAVING count(*) FILTER (${theirs} OR ${namesThem(person)}) > 0 ORDER BY 1`,
  );
  const left = rows.map(({ date, removed, n }) => [date as string, Number(n) - Number(removed)]);
  return {
    left: new Map(left as [string, number][]),
    removed: rows.reduce((sum, { removed }) => sum + Number(removed), 0),
  };
}

interface KeptQuarantine {
  readonly removed: Readonly<Record<string, number>>;
  write(folder: string): Promise<readonly DataFile[]>;
}

/** The same files when nothing in them is theirs. */
async function quarantineWithout(
  session: DuckdbSession,
  lake: Lake,
  { quarantineFiles }: SnapshotManifest,
  person: Person,
): Promise<KeptQuarantine> {
  const held = { columns: QUARANTINE_COLUMNS, files: quarantineFiles };
  const from = await relationSql(session, lake.store, held);
  const theirs = isTheirMessage(person);
  const rows = await rowsOf(
    session,
    `SELECT reason, count(*) AS n FROM ${from} WHERE ${theirs} GROUP BY 1`,
  );
  return {
    removed: Object.fromEntries(rows.map(({ reason, n }) => [reason as string, Number(n)])),
    async write(folder) {
      const select = `SELECT * FROM ${from} WHERE NOT ${theirs} ORDER BY source_file, source_line`;
      const left = await numberOf(session, `SELECT count(*) FROM (${select})`);
      if (left === 0) return [];
      return adoptFiles(
        lake.store,
        await copyToParquet(session, { folder: 'kept', select }),
        folder,
      );
    },
  };
}

const total = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((sum, n) => sum + n, 0);

function without(counts: Readonly<Record<string, number>>, less: Readonly<Record<string, number>>) {
  const left = Object.entries(counts).map(([name, n]) => [name, n - (less[name] ?? 0)] as const);
  return Object.fromEntries(left.filter(([, n]) => n > 0));
}

async function write(
  work: { session: DuckdbSession; lake: Lake; before: SnapshotManifest; prefix: string },
  found: Found,
  quarantine: KeptQuarantine,
): Promise<WrittenSnapshot> {
  const { session, lake, before, prefix } = work;
  const folder = `${prefix}data/${randomBytes(4).toString('hex')}/`;
  const written: DataFile[] = [];
  for (const [date, n] of found.left) {
    if (n > 0) written.push(...(await writeDate(session, lake, { date, folder, from: [OTHERS] })));
  }
  const untouched = before.files.filter((file) => !found.left.has(dateOf(file)));
  const taken = await takeOver(lake, untouched, folder, () => undefined);
  const facts = deviceFacts(before);
  const dates = landedDates(facts.dates, written, prefix);
  for (const [date, n] of found.left) if (n === 0) delete dates[date];
  const areSent = await lake.store.has(deadLettersMark(before));
  const files = [...written, ...taken];
  return {
    ...{ rows: rowsIn(files), usedRows: rowsIn(files), inputRows: before.inputRows },
    quarantined: without(before.quarantined, quarantine.removed),
    dropped: addCounts([
      before.dropped,
      { [WITHDRAWN]: found.removed + total(quarantine.removed) },
    ]),
    files,
    quarantineFiles: [...(await quarantine.write(`${prefix}quarantine/`))],
    firstProblems: [],
    // Letters that a killed run has left are sent by the next one; those that were sent are not sent again.
    facts: { ...facts, dates, run: areSent ? null : facts.run } satisfies DeviceFacts,
  };
}

/** Rows, and messages in quarantine, that went. Repeating it is harmless. */
export async function rewriteEvents(
  lake: Lake,
  { dataset, erased, person, remember, signal }: Omit<RewriteRequest, 'subject'>,
): Promise<Record<string, number>> {
  const of = { dataset, table: EVENTS_TABLE };
  const base = await findBase(lake, of);
  const { before } = base;
  if (before === null) return {};
  const { store, duckdb: options } = lake;
  return withDuckdb({ store, options, signal }, async (session) => {
    await openEvents(session, lake, before, person);
    const found = await find(session, person);
    const quarantine = await quarantineWithout(session, lake, before, person);
    const removed = found.removed + total(quarantine.removed);
    if (found.left.size === 0 && removed === 0) {
      await publishAgain(lake, of, base);
      return { [EVENTS_TABLE]: 0 };
    }
    const { manifest } = await ensureSnapshot(lake, {
      table: deviceEventsTable(dataset),
      inputs: { before: before.snapshotId, erased },
      signal,
      write: (prefix) => write({ session, lake, before, prefix }, found, quarantine),
    });
    await publishWithout(lake, { manifest, base, rows: removed, remember });
    return { [EVENTS_TABLE]: removed };
  });
}
